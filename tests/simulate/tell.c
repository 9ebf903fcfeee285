/* The story of a seed that broke a promise, made as short as it still breaks the same one. It plays nothing by itself.
 */
#include "play.h"

#include <stdio.h>

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

static bool save(const char *folder, const char *name, struct span text) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    bool written = file != NULL && fwrite(text.data, 1, text.size, file) == text.size;
    return file != NULL && fclose(file) == 0 && written;
}

/* The same story as one of tests/cases: what the member was told in whose step the promise was broken. */
static void tell_case(const char *folder) {
    struct buf settings = {0}, route = {0};
    struct buf *lines = &world.member[world.teller].lines;
    paste_settings(&world, &settings);
    paste_route(&world, &route);
    if (world.scene.route_count > 1)
        printf("Two routes take part in it: a case has one.\n");
    else if (folder == NULL)
        printf("--- as a case: sluss.cfg\n%s--- route.cfg\n%s--- story.jsonl, of member %u\n%s---\n",
               buf_text(&settings), buf_text(&route), world.teller, buf_text(lines));
    else if (save(folder, "sluss.cfg", buf_span(&settings)) && save(folder, "route.cfg", buf_span(&route)) &&
             save(folder, "story.jsonl", buf_span(lines)))
        printf("%s holds it as a case, member %u.\n", folder, world.teller);
    else
        printf("%s cannot be written to.\n", folder);
    buf_finish(&settings);
    buf_finish(&route);
}

void tell(uint64_t seed, const char *folder) {
    struct choices first = {.record = true};
    (void)play(&first, seed, NULL);
    const char *rule = world.rule;
    size_t length = rule != NULL ? shrink(first.tape, first.length, rule, 4000) : first.length;
    struct choices last = {.replay = true, .tape = first.tape, .length = length};
    struct buf story = {0};
    dice_init(&last.dice, 0);
    (void)world_play(&world, world.props, &last, &story);
    printf("seed %llu: %s: %s\n%zu choices of %zu tell it:\n%s\n", (unsigned long long)seed,
           world.rule != NULL ? world.rule : "?", world.what, length, first.length, buf_text(&story));
    tell_case(folder);
    world_finish(&world);
    buf_finish(&story);
    free(first.tape);
    free(first.bounds);
}
