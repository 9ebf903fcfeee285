/* Where it is looked for, and with which library's knowledge it is read. */
#include "ctl/configuration.h"

#include "kafka/client.h"

#include <stdlib.h>

static struct settings_options options_of(const struct call *call) {
    return (struct settings_options){.path = call_value(call, "config", NULL),
                                     .credentials = getenv("CREDENTIALS_DIRECTORY"),
                                     .librdkafka = kafka_version(),
                                     .check = true};
}

struct settings *configuration_read(const struct call *call, struct problems *problems) {
    const struct settings_options options = options_of(call);
    return settings_read(&options, problems);
}

void configuration_find_socket(const struct call *call, struct buf *socket) {
    const struct settings_options options = options_of(call);
    settings_find_socket(&options, socket);
}
