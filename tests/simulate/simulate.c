/* The simulator: plays seed after seed, and tells the story of the first that breaks a promise. The world is in
 * world.h. */
#include "base/bug.h"
#include "world.h"

#include <stdio.h>

static struct world world;
static struct props props;

static _Noreturn void on_bug(const char *file, int line, const char *what) {
    const char *name = strrchr(file, '/');
    world.broken = true;
    violated(&world, "bug", "%s:%d: %s", name != NULL ? name + 1 : file, line, what);
}

static bool play(struct choices *choices, uint64_t seed, struct buf *story) {
    dice_init(&choices->dice, seed * 0x9e3779b97f4a7c15 + 1);
    choices->at = 0;
    choices->quiet = false;
    bool good = world_play(&world, &props, choices, story);
    world_finish(&world);
    return good;
}

/* Does the shorter tape still break the same promise? */
static bool still(const uint32_t *tape, size_t length, const char *rule) {
    struct choices choices = {.replay = true, .tape = (uint32_t *)(uintptr_t)tape, .length = length};
    return !play(&choices, 0, NULL) && strcmp(world.rule, rule) == 0;
}

/* Leaves choices out, or makes them quiet or smaller, as long as the story ends in the same way. */
static size_t shrink(uint32_t *tape, size_t length, const char *rule, unsigned plays) {
    uint32_t *other = malloc((length + 1) * sizeof *other);
    if (other == NULL)
        return length;
    bool better = true;
    while (better && plays > 0) {
        better = false;
        for (size_t span = length / 2 + 1; span >= 1 && plays > 0; span /= 2)
            for (size_t at = 0; at + span <= length && plays > 0;) {
                memcpy(other, tape, at * sizeof *tape);
                memcpy(other + at, tape + at + span, (length - at - span) * sizeof *tape);
                bool shorter = (plays--, still(other, length - span, rule));
                if (shorter) {
                    length -= span;
                    memcpy(tape, other, length * sizeof *tape);
                    better = true;
                    continue;
                }
                bool zero = true;
                memcpy(other, tape, length * sizeof *tape);
                for (size_t i = at; i < at + span; i++) {
                    zero = zero && tape[i] == 0;
                    other[i] = 0;
                }
                if (!zero && (plays--, still(other, length, rule))) {
                    memcpy(tape, other, length * sizeof *tape);
                    better = true;
                }
                at += span;
            }
    }
    free(other);
    return length;
}

static void tell(uint64_t seed) {
    struct choices first = {.record = true};
    (void)play(&first, seed, NULL);
    const char *rule = world.rule;
    size_t length = rule != NULL ? shrink(first.tape, first.length, rule, 4000) : first.length;
    struct choices last = {.replay = true, .tape = first.tape, .length = length};
    struct buf story = {0};
    (void)play(&last, 0, &story);
    printf("seed %llu: %s: %s\n%zu choices of %zu tell it:\n%s\n", (unsigned long long)seed,
           world.rule != NULL ? world.rule : "?", world.what, length, first.length, buf_text(&story));
    buf_finish(&story);
    free(first.tape);
}

static int number(const char *text, uint64_t *out) {
    char *end;
    *out = strtoull(text, &end, 10);
    return *text != '\0' && *end == '\0';
}

static int usage(void) {
    (void)fputs("usage: simulate [--seeds N] [--seed S] [--plant list|NAME] [--kinds]\n", stderr);
    return 64;
}

static int simulate(uint64_t first, uint64_t seeds, const char *plant, bool kinds) {
    struct choices choices = {0};
    uint64_t steps = 0, count[FAULT_COUNT] = {0}, played = 0, violations = 0;
    world.plant = plant;
    for (; played < seeds && violations == 0; played++) {
        memset(choices.count, 0, sizeof choices.count);
        bool good = play(&choices, first + played, NULL);
        steps += world.steps;
        for (int i = 0; i < FAULT_COUNT; i++)
            count[i] += choices.count[i];
        if (good)
            continue;
        violations++;
        tell(first + played);
    }
    int occurred = 0;
    for (int i = 0; i < FAULT_COUNT; i++) {
        occurred += count[i] > 0 ? 1 : 0;
        if (kinds)
            printf("%10llu  %s\n", (unsigned long long)count[i], fault_words[i]);
    }
    printf("seeds=%llu steps=%llu faults=%d violations=%llu\n", (unsigned long long)played, (unsigned long long)steps,
           occurred, (unsigned long long)violations);
    return violations > 0 ? 1 : 0;
}

int main(int argument_count, char **arguments) {
    uint64_t seeds = 20000, first = 1;
    const char *plant = NULL;
    bool kinds = false;
    for (int i = 1; i < argument_count; i++) {
        const char *value = i + 1 < argument_count ? arguments[i + 1] : "";
        if (strcmp(arguments[i], "--kinds") == 0)
            kinds = true;
        else if (strcmp(arguments[i], "--plant") == 0 && *value != '\0')
            plant = arguments[++i];
        else if (strcmp(arguments[i], "--seeds") == 0 && number(value, &seeds))
            i++;
        else if (strcmp(arguments[i], "--seed") == 0 && number(value, &first)) {
            seeds = 1;
            i++;
        } else
            return usage();
    }
    bool known = plant == NULL;
    for (int i = 0; flow_plants[i] != NULL; i++) {
        known = known || strcmp(plant, flow_plants[i]) == 0;
        if (plant != NULL && strcmp(plant, "list") == 0)
            puts(flow_plants[i]);
    }
    if (plant != NULL && strcmp(plant, "list") == 0)
        return 0;
    world.tasks = malloc(MOST_TASKS * sizeof *world.tasks);
    world.maps = malloc(MOST_MAPS * sizeof *world.maps);
    bug_handler(on_bug);
    if (!known || world.tasks == NULL || world.maps == NULL || !props_init(&props))
        return usage();
    int status = simulate(first, seeds, plant, kinds);
    props_finish(&props);
    free(world.tasks);
    free(world.maps);
    return status;
}
