/* Reads a configuration and prints its normal form, or what is wrong with it. The golden tests' instrument; it is no
 * part of Sluss. */
#include "settings/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* read_config [--run] [--json] [--librdkafka NUMBER] [--credentials DIR] [--manual] PATH: problems on standard error,
 * the normal form on standard output. Status: 0, or what slussd would end with. */
int main(int count, char **arguments) {
    struct settings_options options = {.check = true, .librdkafka = 0x020002ff};
    bool json = false, manual = false;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--run") == 0)
            options.check = false;
        else if (strcmp(arguments[i], "--json") == 0)
            json = true;
        else if (strcmp(arguments[i], "--manual") == 0)
            manual = true;
        else if (strcmp(arguments[i], "--librdkafka") == 0 && i + 1 < count)
            options.librdkafka = (int)strtol(arguments[++i], NULL, 0);
        else if (strcmp(arguments[i], "--credentials") == 0 && i + 1 < count)
            options.credentials = arguments[++i];
        else
            options.path = arguments[i];
    }
    struct problems problems;
    struct buf said = {0}, written = {0};
    problems_init(&problems);
    struct settings *settings = manual ? NULL : settings_read(&options, &problems);
    if (manual)
        settings_write_manual(&written);
    if (settings != NULL)
        buf_add(&written, settings_normal(settings));
    if (json)
        problems_write_json(&problems, &said);
    else
        problems_write(&problems, false, &said);
    (void)fputs(buf_text(&said), stderr);
    (void)fputs(buf_text(&written), stdout);
    int status = problems.failed ? 70 : problems.status;
    settings_destroy(settings);
    problems_finish(&problems);
    buf_finish(&said);
    buf_finish(&written);
    return status;
}
