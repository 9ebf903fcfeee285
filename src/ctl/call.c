/* Taking a command line apart. The verbs themselves are elsewhere. */
#include "ctl/call.h"

#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MOST = 64 };

static bool is_name(struct span word, const char *name) {
    return span_equal(word, span_of(name));
}

static const struct option *find_in(const struct option *list, struct span word) {
    for (; list->name != NULL; list++)
        if (is_name(word, list->name))
            return list;
    return NULL;
}

/* An option of any verb: enough to know whether it takes a value while the verb is not known yet. */
static const struct option *find_anywhere(const struct verb *const verbs[], const struct option *common,
                                          struct span word) {
    const struct option *found = find_in(common, word);
    for (; found == NULL && *verbs != NULL; verbs++)
        found = find_in((*verbs)->options, word);
    return found;
}

static size_t add_names(const struct option *list, const char *names[], size_t count) {
    for (; list->name != NULL && count < NAMES_MOST; list++)
        names[count++] = list->name;
    return count;
}

static bool refuse_option(const struct verb *const verbs[], const struct option *common, struct span word,
                          struct error *error) {
    const char *names[NAMES_MOST + 1];
    size_t count = add_names(common, names, 0);
    for (; *verbs != NULL; verbs++)
        count = add_names((*verbs)->options, names, count);
    names[count] = NULL;
    const char *near = text_nearest(word, names);
    if (near != NULL)
        return error_set(error, "there is no option --" SPAN_FORMAT ": did you mean --%s?", SPAN_ARGUMENT(word), near);
    return error_set(error, "there is no option --" SPAN_FORMAT ": see slussctl --help", SPAN_ARGUMENT(word));
}

static bool refuse_verb(const struct verb *const verbs[], const char *word, struct error *error) {
    const char *names[NAMES_MOST + 1];
    size_t count = 0;
    for (; *verbs != NULL && count < NAMES_MOST; verbs++)
        names[count++] = (*verbs)->name;
    names[count] = NULL;
    const char *near = text_nearest(span_of(word), names);
    if (near != NULL)
        return error_set(error, "there is no verb \"%s\": did you mean \"%s\"?", word, near);
    return error_set(error, "there is no verb \"%s\": see slussctl --help", word);
}

struct reading {
    struct call *call;
    const struct verb *const *verbs;
    const struct option *common;
    const char **arguments;
    int argc;
    char *const *argv;
    int at;
};

static bool read_option(struct reading *reading, struct error *error) {
    const char *given = reading->argv[reading->at++];
    struct span word = span_of(given + 2);
    if (strcmp(given, "-h") == 0 || is_name(word, "help"))
        return reading->call->help = true;
    if (is_name(word, "version"))
        return reading->call->version = true;
    if (given[1] != '-')
        return error_set(error, "there is no option %s: options are whole words with two dashes", given);
    const char *equals = strchr(given, '=');
    if (equals != NULL)
        word.size = (size_t)(equals - given) - 2;
    const struct option *option = find_anywhere(reading->verbs, reading->common, word);
    if (option == NULL)
        return refuse_option(reading->verbs, reading->common, word, error);
    const char *value = equals != NULL ? equals + 1 : "";
    if (option->value == NULL && equals != NULL)
        return error_set(error, "--%s takes no value: write it alone", option->name);
    if (option->value != NULL && equals == NULL) {
        if (reading->at >= reading->argc)
            return error_set(error, "--%s needs a value: --%s %s", option->name, option->name, option->value);
        value = reading->argv[reading->at++];
    }
    reading->call->options[reading->call->option_count++] = (struct call_option){option, value};
    return true;
}

static bool read_word(struct reading *reading, struct error *error) {
    const char *word = reading->argv[reading->at++];
    struct call *call = reading->call;
    if (call->verb != NULL) {
        reading->arguments[call->argument_count++] = word;
        return true;
    }
    if (strcmp(word, "help") == 0) /* "help VERB", as elsewhere */
        return call->help = true;
    for (size_t i = 0; reading->verbs[i] != NULL; i++)
        if (strcmp(word, reading->verbs[i]->name) == 0)
            call->verb = reading->verbs[i];
    return call->verb != NULL || refuse_verb(reading->verbs, word, error);
}

/* What is only known once all of the line was read: that the options are the verb's, and given once. */
static bool check(struct call *call, const struct option *common, struct error *error) {
    const struct verb *verb = call->verb;
    if (verb == NULL)
        return true;
    for (size_t i = 0; i < call->option_count && call->options[i].option != NULL; i++) {
        struct span name = span_of(call->options[i].option->name);
        const struct option *own = find_in(common, name);
        if (own == NULL)
            own = find_in(verb->options, name);
        if (own == NULL)
            return error_set(error, "%s has no option --%s: see slussctl %s --help", verb->name,
                             call->options[i].option->name, verb->name);
        call->options[i].option = own;
        for (size_t j = 0; j < i && !own->many; j++)
            if (call->options[j].option == own)
                return error_set(error, "--%s was given twice: give it once", own->name);
    }
    if (!call->help && call->argument_count < verb->least)
        return error_set(error, "%s needs more: slussctl %s %s", verb->name, verb->name, verb->arguments);
    if (!call->help && call->argument_count > verb->most)
        return error_set(error, "%s takes no \"%s\": slussctl %s%s%s", verb->name, call->arguments[verb->most],
                         verb->name, verb->most > 0 ? " " : "", verb->arguments);
    return true;
}

bool call_read(struct call *call, int argc, char *const argv[], const struct verb *const verbs[],
               const struct option *common, struct error *error) {
    memset(call, 0, sizeof *call);
    const char **arguments = calloc((size_t)argc + 1, sizeof *arguments);
    call->options = calloc((size_t)argc + 1, sizeof *call->options);
    call->arguments = arguments;
    if (arguments == NULL || call->options == NULL)
        return error_memory(error);
    struct reading reading = {call, verbs, common, arguments, argc, argv, 1};
    bool only_words = false, good = true;
    while (good && reading.at < argc) {
        const char *word = argv[reading.at];
        if (!only_words && strcmp(word, "--") == 0)
            only_words = reading.at++ > 0;
        else if (!only_words && word[0] == '-' && word[1] != '\0')
            good = read_option(&reading, error);
        else
            good = read_word(&reading, error);
    }
    return good && check(call, common, error);
}

void call_finish(struct call *call) {
    free((void *)(uintptr_t)call->arguments);
    free(call->options);
    memset(call, 0, sizeof *call);
}

const char *call_value_at(const struct call *call, const char *name, size_t index) {
    for (size_t i = 0; i < call->option_count; i++)
        if (strcmp(call->options[i].option->name, name) == 0 && index-- == 0)
            return call->options[i].value;
    return NULL;
}

const char *call_value(const struct call *call, const char *name, const char *otherwise) {
    const char *value = call_value_at(call, name, 0);
    return value != NULL ? value : otherwise;
}

bool call_has(const struct call *call, const char *name) {
    return call_value_at(call, name, 0) != NULL;
}

int call_refuse(int status, const struct error *error) {
    (void)fprintf(stderr, "slussctl: %s\n", error->text);
    return error->shortage ? EXIT_SYSTEM : status;
}
