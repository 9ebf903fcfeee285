/* The texts of --help. What is said of a verb is in its row, not here. */
#include "ctl/help.h"

static void print_options(FILE *out, const struct option *list) {
    for (; list->name != NULL; list++) {
        char left[64];
        (void)snprintf(left, sizeof left, "--%s%s%s", list->name, list->value != NULL ? " " : "",
                       list->value != NULL ? list->value : "");
        (void)fprintf(out, "  %-24s %s\n", left, list->sentence);
    }
}

void help_all(FILE *out, const struct verb *const verbs[], const struct option *common) {
    (void)fputs(
        "slussctl checks a configuration, tries events on it, and shows what a running slussd does. To begin:\n\n"
        "    slussctl sandbox --events 12\n\n"
        "usage: slussctl [OPTIONS] VERB ...        more: slussctl VERB --help\n\n",
        out);
    for (; *verbs != NULL; verbs++)
        (void)fprintf(out, "  %-10s %s\n", (*verbs)->name, (*verbs)->sentence);
    (void)fputs("\n", out);
    print_options(out, common);
    (void)fputs("  --help                   this text, or the help of a verb\n"
                "  --version                print the version\n",
                out);
}

void help_verb(FILE *out, const struct verb *verb, const struct option *common) {
    (void)fprintf(out, "%s\n\nusage: slussctl %s [OPTIONS]%s%s\n\n", verb->sentence, verb->name,
                  verb->arguments[0] != '\0' ? " " : "", verb->arguments);
    print_options(out, verb->options);
    print_options(out, common);
    (void)fprintf(out, "\n%s", verb->lesson);
}
