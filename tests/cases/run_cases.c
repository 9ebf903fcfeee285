/* Plays stories through the core and holds its trace against the expected one, and what /status would say at the end
 * where a story has an expected.status. --update writes the expected ones anew; --deletions checks that no line of them
 * could be missing unnoticed. */
#include "story.h"

#include "daemon/status.h"
#include "flow/trace.h"
#include "settings/settings.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_file(const char *path, struct buf *out) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    char piece[4096];
    for (size_t size; (size = fread(piece, 1, sizeof piece, file)) > 0;)
        buf_add(out, span_make(piece, size));
    (void)fclose(file);
    return !out->failed;
}

static bool write_file(const char *path, struct span bytes) {
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return false;
    bool written = bytes.size == 0 || fwrite(bytes.data, 1, bytes.size, file) == bytes.size;
    return fclose(file) == 0 && written;
}

/* The story's own file, else the usual one in the folder above. */
static bool read_either(const char *story, const char *name, struct buf *out) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", story, name);
    if (read_file(path, out))
        return true;
    (void)snprintf(path, sizeof path, "%s/../%s", story, name);
    return read_file(path, out);
}

/* Lays the configuration out as it would be installed, in a folder of its own. */
static bool lay_out(const char *story, const char *folder) {
    char path[4096], target[4096];
    struct buf text = {0};
    (void)snprintf(path, sizeof path, "%s/sluss.cfg", folder);
    bool done = read_either(story, "sluss.cfg", &text) && write_file(path, buf_span(&text));
    (void)snprintf(path, sizeof path, "%s/routes.d", folder);
    done = done && mkdir(path, 0700) == 0;
    buf_clear(&text);
    (void)snprintf(path, sizeof path, "%s/routes.d/bygglov.cfg", folder);
    done = done && read_either(story, "route.cfg", &text) && write_file(path, buf_span(&text));
    buf_finish(&text);
    static const char *const shared[] = {"schemas", "tables"};
    for (size_t i = 0; done && i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/../%s", story, shared[i]);
        (void)snprintf(target, sizeof target, "%s/%s", folder, shared[i]);
        char *real = realpath(path, NULL);
        done = real != NULL && symlink(real, target) == 0;
        free(real);
    }
    return done;
}

static void take_away(const char *folder) {
    static const char *const names[] = {"sluss.cfg", "routes.d/bygglov.cfg", "schemas", "tables"};
    char path[4096];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/routes.d", folder);
    (void)rmdir(path);
    (void)rmdir(folder);
}

static struct settings *read_settings(const char *story) {
    char folder[] = "/tmp/sluss-case-XXXXXX";
    struct problems problems;
    problems_init(&problems);
    struct settings *settings = NULL;
    if (mkdtemp(folder) == NULL)
        return NULL;
    if (lay_out(story, folder))
        settings = settings_read(&(struct settings_options){.path = folder}, &problems);
    struct buf text = {0};
    problems_write(&problems, false, &text);
    (void)fputs(problems.errors > 0 ? buf_text(&text) : "", stdout);
    buf_finish(&text);
    problems_finish(&problems);
    take_away(folder);
    if (settings != NULL && settings->plan.route_count == 1)
        return settings;
    settings_destroy(settings);
    return NULL;
}

struct player {
    const struct plan *plan;
    struct flow *flow;
    struct actions actions;
    struct buf *trace;
    int64_t now_ms;
    int64_t wake_ms;
    bool timers_told; /* those that something came of are among the lines */
};

/* `quiet`: only told when something came of it. */
static void play(struct player *player, const struct input *input, bool quiet) {
    size_t before = player->trace->size;
    trace_input(player->trace, player->plan, input);
    buf_add_text(player->trace, "\n");
    player->now_ms = input->now_ms;
    flow_step(player->flow, input, &player->actions);
    for (size_t i = 0; i < player->actions.count; i++) {
        const struct action *action = &player->actions.list[i];
        trace_action(player->trace, player->plan, action);
        buf_add_text(player->trace, "\n");
        if (action->kind == ACTION_WAKE_AT)
            player->wake_ms = action->is.wake_at_ms;
    }
    if (quiet && player->actions.count == 0)
        player->trace->size = before;
}

/* As the daemon does: an input at the time that was asked for, and at least one each second. `stalled`: it stood still
 * instead. */
static void pass_time(struct player *player, int64_t until_ms) {
    for (;;) {
        int64_t next_ms = player->now_ms + (player->timers_told ? (int64_t)player->plan->session_timeout_ms / 3 : 1000);
        if (!player->timers_told && player->wake_ms > player->now_ms && player->wake_ms < next_ms)
            next_ms = player->wake_ms;
        if (next_ms > until_ms)
            return;
        struct input timer = {.kind = INPUT_TIMER, .now_ms = next_ms, .wall_ms = 1700000000000 + next_ms};
        play(player, &timer, true);
    }
}

/* As /status, but a member a line. */
static void write_status(const struct plan *plan, const struct flow *flow, int64_t now_ms, struct buf *out) {
    struct view *view = view_create(plan);
    struct status_letters letters = {.there = true};
    const struct status_facts facts = {"0", 1, 0, 1700000000000 + now_ms, &letters, NULL, NULL, NULL, NULL};
    struct buf line = {0};
    if (view != NULL)
        view_add(view, flow);
    json_t *all = view != NULL && status_write(&line, view, &facts) ? json_loads(buf_text(&line), 0, NULL) : NULL;
    char *lines = all != NULL ? json_dumps(all, JSON_INDENT(2)) : NULL;
    buf_add_text(out, lines != NULL ? lines : "failed");
    buf_add_text(out, "\n");
    free(lines);
    json_decref(all);
    buf_finish(&line);
    view_destroy(view);
}

/* The first line of a story from the simulator: what no configuration can say. Its timers are among the lines where
 * something came of them. */
static bool read_start(const char *line, struct plan *plan, uint64_t *seed) {
    unsigned long long of_dice, window, exposure, memory;
    if (sscanf(line, "{\"seed\": %llu, \"window\": %llu, \"exposure\": %llu, \"memory\": %llu", &of_dice, &window,
               &exposure, &memory) != 4)
        return false;
    *seed = of_dice;
    plan->routes[0].window = (uint32_t)window;
    plan->routes[0].exposure = (uint32_t)exposure;
    plan->memory_limit = (size_t)memory;
    return true;
}

static bool tell(const char *story, struct plan *plan, struct buf *trace, struct buf *status) {
    struct buf text = {0};
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/story.jsonl", story);
    uint64_t seed = 1;
    bool told = read_file(path, &text), started = told && read_start(buf_text(&text), plan, &seed);
    struct player player = {
        .plan = plan, .flow = flow_create(plan, seed), .trace = trace, .wake_ms = INT64_MAX, .timers_told = started};
    told = told && player.flow != NULL;
    struct arena memory;
    arena_init(&memory, 0);
    char *rest = NULL;
    for (char *line = told ? strtok_r((char *)(uintptr_t)buf_text(&text), "\n", &rest) : NULL; line != NULL && told;
         line = strtok_r(NULL, "\n", &rest)) {
        struct input input;
        struct error error = {0};
        if (line[0] == '#' || (started && line == buf_text(&text))) /* what the story is about, or begins with */
            continue;
        told = story_line(line, &memory, &input, &error);
        if (!told) {
            printf("%s: %s: %s\n", path, error.text, line);
            break;
        }
        if (strstr(line, "\"stalled\"") == NULL)
            pass_time(&player, input.now_ms);
        play(&player, &input, false);
        arena_reset(&memory);
    }
    arena_finish(&memory);
    buf_finish(&text);
    if (told && status != NULL)
        write_status(plan, player.flow, player.now_ms, status);
    flow_destroy(player.flow);
    actions_finish(&player.actions);
    return told;
}

/* Says the first line that differs. */
static bool same(const char *story, struct span actual, struct span expected, bool aloud) {
    if (span_equal(actual, expected))
        return true;
    if (!aloud)
        return false;
    size_t line = 1, start = 0;
    for (size_t i = 0; i < actual.size && i < expected.size && actual.data[i] == expected.data[i]; i++)
        if (actual.data[i] == '\n') {
            line++;
            start = i + 1;
        }
    struct span one = span_from(actual, start), other = span_from(expected, start);
    printf("%s: line %zu\n  expected: %.*s\n  is:       %.*s\n", story, line, (int)strcspn(other.data, "\n"),
           other.data, (int)strcspn(one.data, "\n"), one.data);
    return false;
}

static bool notices_deletions(const char *story, struct span actual, struct span expected) {
    size_t start = 0;
    for (size_t i = 0; i < expected.size; i++) {
        if (expected.data[i] != '\n')
            continue;
        struct buf shorter = {0};
        buf_add(&shorter, span_make(expected.data, start));
        buf_add(&shorter, span_from(expected, i + 1));
        bool noticed = !same(story, actual, buf_span(&shorter), false);
        buf_finish(&shorter);
        if (!noticed) {
            printf("%s: a deleted line is not noticed: %.*s\n", story, (int)(i - start), expected.data + start);
            return false;
        }
        start = i + 1;
    }
    return true;
}

/* Against the file of that name, or into it. */
static bool hold_against(const char *story, const char *name, struct buf *actual, bool update, bool deletions) {
    struct buf expected = {0};
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", story, name);
    bool good = !update || write_file(path, buf_span(actual));
    (void)read_file(path, &expected);
    (void)buf_text(actual);
    (void)buf_text(&expected);
    good = good && same(path, buf_span(actual), buf_span(&expected), true);
    if (good && deletions)
        good = notices_deletions(path, buf_span(actual), buf_span(&expected));
    buf_finish(&expected);
    return good;
}

static bool run(const char *story, bool update, bool deletions) {
    struct settings *settings = read_settings(story);
    struct buf trace = {0}, status = {0};
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/expected.status", story);
    bool asked = access(path, F_OK) == 0;
    bool good = settings != NULL && tell(story, &settings->plan, &trace, asked ? &status : NULL);
    good = good && hold_against(story, "expected.trace", &trace, update, deletions);
    good = good && (!asked || hold_against(story, "expected.status", &status, update, deletions));
    if (!good)
        printf("%s: failed%s\n", story, settings == NULL ? ": no plan" : "");
    buf_finish(&trace);
    buf_finish(&status);
    settings_destroy(settings);
    return good;
}

int main(int count, char **arguments) {
    bool update = false, deletions = false, good = true;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--update") == 0)
            update = true;
        else if (strcmp(arguments[i], "--deletions") == 0)
            deletions = true;
        else
            good = run(arguments[i], update, deletions) && good;
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
