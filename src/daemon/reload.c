/* From one configuration generation to the next, in one process. Everything here runs on the main thread. */
#include "daemon/reload.h"

#include "daemon/daemon_private.h"
#include "daemon/time.h"
#include "ops/log.h"
#include "ops/notify.h"
#include "settings/changes.h"

#include <malloc.h>
#include <stdlib.h>

static enum log_level level_of(enum settings_log_level level) {
    switch (level) {
    case SETTINGS_LOG_DEBUG:
        return LOG_LEVEL_DEBUG;
    case SETTINGS_LOG_INFO:
        return LOG_LEVEL_INFO;
    case SETTINGS_LOG_WARNING:
        return LOG_LEVEL_WARNING;
    case SETTINGS_LOG_ERROR:
        break;
    }
    return LOG_LEVEL_ERROR;
}

static enum log_format format_of(enum settings_log_format format) {
    switch (format) {
    case SETTINGS_LOG_AUTO:
        return LOG_FORMAT_AUTO;
    case SETTINGS_LOG_JOURNAL:
        return LOG_FORMAT_JOURNAL;
    case SETTINGS_LOG_JSON:
        return LOG_FORMAT_JSON;
    case SETTINGS_LOG_TEXT:
        break;
    }
    return LOG_FORMAT_TEXT;
}

void reload_log(const struct settings *settings) {
    log_open(format_of(settings->log.format), level_of(settings->log.level));
}

/* --- taking --- */

static void say_problem(const struct problem *problem) {
    bool error = problem->severity == SEVERITY_ERROR;
    const struct log_field field[] = {{"file", problem->spot.file, 0}, {"line", SPAN_NONE, problem->spot.line}};
    log_say(error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, field, problem->spot.line > 0 ? 2 : 1,
            "configuration: " SPAN_FORMAT "%s" SPAN_FORMAT, SPAN_ARGUMENT(problem->what),
            problem->cure.size > 0 ? ": " : "", SPAN_ARGUMENT(problem->cure));
}

static void conclude(struct buf *answer, enum log_level level, const char *sentence) {
    log_say(level, NULL, 0, "%s", sentence);
    if (answer != NULL)
        buf_printf(answer, "%s\n", sentence);
}

static unsigned refuse(struct daemon *daemon, struct buf *answer, const char *why, bool shortage) {
    struct buf sentence = {0};
    daemon->reload_refused = true;
    buf_printf(&sentence, "the configuration was refused: %s: generation %llu continues", why,
               (unsigned long long)(daemon->next != NULL ? daemon->next : daemon->settings)->plan.generation);
    conclude(answer, LOG_LEVEL_ERROR, buf_text(&sentence));
    buf_finish(&sentence);
    return shortage ? 500 : 422;
}

void reload_problems(struct daemon *daemon, const struct problems *problems, struct buf *answer) {
    struct problems news;
    struct buf sentence = {0};
    size_t before = warnings_news(&daemon->warnings, problems, &news);
    const struct problems *told = news.list != NULL ? &news : problems;
    for (size_t i = 0; i < told->count; i++)
        say_problem(&told->list[i]);
    if (answer != NULL && told->count > 0)
        problems_write(told, false, answer);
    if (before > 0) {
        buf_printf(&sentence, "%zu warning%s as before: slussctl check prints them", before, before == 1 ? "" : "s");
        conclude(answer, LOG_LEVEL_INFO, buf_text(&sentence));
    }
    buf_finish(&sentence);
    free(news.list);
}

void reload_place(const struct settings *settings, struct buf *place) {
    const struct admin_settings *admin = &settings->admin;
    buf_printf(place, "socket " SPAN_FORMAT, SPAN_ARGUMENT(admin->socket));
    if (admin->listen.host.size > 0)
        buf_printf(place, ", listen " SPAN_FORMAT " port %u", SPAN_ARGUMENT(admin->listen.host), admin->listen.port);
}

/* What changes, for whoever reads the log later; and what does not although it is written. */
static void compare(struct daemon *daemon, const struct settings *next, struct buf *answer) {
    struct buf sentence = {0}, changes = {0}, place = {0};
    changes_write(&changes, settings_normal(daemon->settings), settings_normal(next));
    buf_printf(&sentence, "generation %llu differs from %llu in: %s", (unsigned long long)next->plan.generation,
               (unsigned long long)daemon->settings->plan.generation, changes_words(&changes));
    conclude(answer, LOG_LEVEL_INFO, buf_text(&sentence));
    reload_place(next, &place);
    buf_clear(&sentence);
    buf_printf(&sentence, "`admin` takes effect only at a restart: until then it is %s",
               buf_text(&daemon->admin_begun));
    if (!span_equal(buf_span(&place), buf_span(&daemon->admin_begun)))
        conclude(answer, LOG_LEVEL_WARNING, buf_text(&sentence));
    buf_finish(&sentence);
    buf_finish(&changes);
    buf_finish(&place);
}

/* The new one waits until the crew has ended, which stops as at the end of the process: drained, committed, gone from
 * its groups. So no event meets two generations. */
static unsigned follow(struct daemon *daemon, struct settings *next, struct crew *crew, struct buf *answer) {
    struct buf sentence = {0};
    bool stopping = daemon->next != NULL;
    reload_forget(daemon);
    settings_number(next, ++daemon->generations);
    daemon->next = next;
    daemon->next_crew = crew;
    daemon->reload_refused = false;
    daemon->reload_failed = (struct error){0};
    compare(daemon, next, answer);
    buf_printf(&sentence,
               "generation %llu was accepted: it begins when the events under way in generation %llu are finished and "
               "committed",
               (unsigned long long)next->plan.generation, (unsigned long long)daemon->settings->plan.generation);
    conclude(answer, LOG_LEVEL_INFO, buf_text(&sentence));
    buf_finish(&sentence);
    if (!stopping) {
        notify_reloading("finishing events under way before the new configuration");
        crew_stop(daemon->crew);
    }
    return 200;
}

static unsigned judge(struct daemon *daemon, struct settings *next, const struct problems *problems,
                      struct buf *answer) {
    struct error error = {0};
    reload_problems(daemon, problems, answer);
    if (next == NULL || problems->errors > 0 || problems->failed) {
        settings_destroy(next);
        return refuse(daemon, answer,
                      problems->failed ? "too little memory or too few descriptors to read it" : "it has errors",
                      problems->failed || problems->status == 71);
    }
    struct crew *crew = crew_create(next, daemon->done, &error);
    (void)malloc_trim(0);
    if (crew != NULL)
        warnings_keep(&daemon->warnings, problems);
    if (crew != NULL)
        return follow(daemon, next, crew, answer);
    settings_destroy(next);
    return refuse(daemon, answer, error.text, error.shortage);
}

unsigned reload_ask(struct daemon *daemon, struct buf *answer) {
    struct problems problems;
    if (daemon->stops > 0) {
        conclude(answer, LOG_LEVEL_WARNING, "the process is stopping: it accepts no configuration any more");
        return 409;
    }
    problems_init(&problems);
    struct settings *next = settings_read(daemon->options, &problems);
    unsigned status = judge(daemon, next, &problems, answer);
    problems_finish(&problems);
    return status;
}

void reload_forget(struct daemon *daemon) {
    crew_destroy(daemon->next_crew);
    settings_destroy(daemon->next);
    daemon->next_crew = NULL;
    daemon->next = NULL;
}

/* --- turning --- */

/* Ends what runs (it has ended by itself, or never began) and puts another one in its place, not started. The settings
 * before are the caller's again. */
static bool replace(struct daemon *daemon, struct settings *settings, struct crew *crew, struct error *error) {
    struct tally *tally = tally_create(&settings->plan, daemon->tally, crew_sum(daemon->crew));
    struct expiry *expiry = expiry_create(&settings->plan, settings_kafka_certificate(settings));
    if (tally == NULL || expiry == NULL || !crew_inherit(crew, daemon->crew, error)) {
        tally_destroy(tally);
        expiry_destroy(expiry);
        return error_memory(error);
    }
    crew_destroy(daemon->crew);
    tally_destroy(daemon->tally);
    expiry_destroy(daemon->expiry);
    daemon->crew = crew;
    daemon->tally = tally;
    daemon->expiry = expiry;
    daemon->settings = settings;
    daemon->faults = 0;
    daemon->begun_ms = time_now_ms();
    daemon->ready_told = daemon->late_told = false;
    reload_log(settings);
    return true;
}

/* The new one did not start: what ran before runs again. */
static bool go_back(struct daemon *daemon, struct settings *before, struct error *error) {
    struct settings *failed = daemon->settings;
    struct crew *crew = crew_create(before, daemon->done, error);
    if (crew == NULL || !replace(daemon, before, crew, error)) {
        crew_destroy(crew);
        settings_destroy(before);
        return false;
    }
    settings_destroy(failed);
    return crew_start(daemon->crew, error);
}

bool reload_turn(struct daemon *daemon, int *status) {
    struct error error = {0}, again = {0};
    struct settings *before = daemon->settings, *next = daemon->next;
    struct crew *crew = daemon->next_crew;
    size_t faults = daemon->faults;
    daemon->next = NULL;
    daemon->next_crew = NULL;
    if (*status != 0)
        log_say(LOG_LEVEL_WARNING, NULL, 0, "generation %llu ended with status %d: some of its events will come again",
                (unsigned long long)before->plan.generation, *status);
    if (!replace(daemon, next, crew, &error)) {
        crew_destroy(crew);
        settings_destroy(next);
        log_say(LOG_LEVEL_ERROR, NULL, 0, "the new configuration cannot begin: %s", error.text);
        *status = daemon_status(&error);
        return false;
    }
    if (crew_start(daemon->crew, &error)) {
        settings_destroy(before);
        (void)malloc_trim(0);
        log_say(LOG_LEVEL_INFO, NULL, 0, "generation %llu begins: %u route%s, %u platform%s, %u worker%s",
                (unsigned long long)next->plan.generation, next->plan.route_count,
                next->plan.route_count == 1 ? "" : "s", next->plan.platform_count,
                next->plan.platform_count == 1 ? "" : "s", next->workers, next->workers == 1 ? "" : "s");
        return true;
    }
    log_say(LOG_LEVEL_ERROR, NULL, 0, "generation %llu cannot start: %s: generation %llu continues",
            (unsigned long long)next->plan.generation, error.text, (unsigned long long)before->plan.generation);
    daemon->reload_failed = error;
    if (go_back(daemon, before, &again)) {
        daemon->faults = faults;
        return true;
    }
    log_say(LOG_LEVEL_ERROR, NULL, 0, "nor can the previous one: %s", again.text);
    *status = daemon_status(&again);
    return false;
}

unsigned reload_state(struct daemon *daemon, struct buf *answer) {
    unsigned long long now = daemon->settings->plan.generation;
    if (daemon->reload_failed.text[0] != '\0') {
        buf_printf(answer, "generation %llu could not start: %s: generation %llu continues\n",
                   (unsigned long long)daemon->generations, daemon->reload_failed.text, now);
        return 500;
    }
    if (daemon->next != NULL) {
        buf_printf(answer, "generation %llu finishes what is under way, generation %llu follows\n", now,
                   (unsigned long long)daemon->next->plan.generation);
        return 503;
    }
    struct buf why = {0};
    bool joined = crew_joined(daemon->crew, &why);
    if (joined)
        buf_printf(answer, "generation %llu runs\n", now);
    else
        buf_printf(answer, "generation %llu: %s", now, buf_text(&why));
    buf_finish(&why);
    return joined ? 200 : 503;
}
