/* Where it is looked for, and with which library's knowledge it is read. */
#include "ctl/configuration.h"

#include "kafka/client.h"

#include <stdlib.h>

struct settings *configuration_read(const struct call *call, struct problems *problems) {
    const struct settings_options options = {.path = call_value(call, "config", NULL),
                                             .credentials = getenv("CREDENTIALS_DIRECTORY"),
                                             .librdkafka = kafka_version(),
                                             .check = true};
    return settings_read(&options, problems);
}
