/* The simulator: plays seed after seed, and tells the story of the first that breaks a promise. The world is in
 * world.h. */
#include "base/bug.h"
#include "flow/plant.h"
#include "play.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_JOBS = 64 };

struct order {
    uint64_t first, seeds, jobs, least, pace, faults;
    const char *plant, *story;
    bool kinds, exhaustive;
};

struct world world;
static struct props props;

#ifdef SLUSS_PLANTED
enum plant plant_set;
#define PLANT_WORD(name, word) word,
static const char *const plants[] = {PLANTS(PLANT_WORD) NULL};

static bool plant_named(const char *name) {
    for (int i = 0; plants[i] != NULL; i++)
        if (strcmp(plants[i], name) == 0)
            plant_set = (enum plant)(i + 1);
    return plant_set != PLANT_NONE;
}
#else
static const char *const plants[] = {NULL};

static bool plant_named(const char *name) {
    (void)fprintf(stderr, "simulate: \"%s\" cannot be planted in this build; simulate_planted can\n", name);
    return false;
}
#endif

static _Noreturn void on_bug(const char *file, int line, const char *what) {
    const char *name = strrchr(file, '/');
    world.broken = true;
    violated(&world, "bug", "%s:%d: %s", name != NULL ? name + 1 : file, line, what);
}

bool play(struct choices *choices, uint64_t seed, struct buf *story) {
    dice_init(&choices->dice, seed * 0x9e3779b97f4a7c15 + 1);
    choices->at = 0;
    choices->quiet = false;
    bool good = world_play(&world, &props, choices, story);
    world_finish(&world);
    return good;
}

static void play_seeds(const struct order *order, struct tally *tally, uint64_t job) {
    struct choices choices = {0};
    for (uint64_t i = job; i < order->seeds && tally->failed == UINT64_MAX; i += order->jobs) {
        memset(choices.count, 0, sizeof choices.count);
        if (!play(&choices, order->first + i, NULL))
            tally->failed = order->first + i;
        tally->plays++;
        tally->steps += world.steps;
        for (int k = 0; k < FAULT_COUNT; k++)
            tally->count[k] += choices.count[k];
    }
}

static void work(const struct order *order, struct tally *tally, uint64_t job) {
    struct rusage used;
    *tally = (struct tally){.failed = UINT64_MAX};
    if (order->exhaustive)
        explore(tally, (uint32_t)order->faults, (uint32_t)job, (uint32_t)order->jobs);
    else
        play_seeds(order, tally, job);
    (void)getrusage(RUSAGE_SELF, &used);
    tally->cpu_us = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
                    (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void add(struct tally *sum, const struct tally *part) {
    sum->plays += part->plays;
    sum->steps += part->steps;
    sum->states += part->states;
    sum->cpu_us += part->cpu_us;
    sum->failed = part->failed < sum->failed ? part->failed : sum->failed;
    sum->deepest = part->deepest > sum->deepest ? part->deepest : sum->deepest;
    for (int i = 0; i < FAULT_COUNT; i++)
        sum->count[i] += part->count[i];
}

/* Each job is a process of its own and hands its tally through the pipe in one piece. */
static bool share_out(const struct order *order, struct tally *sum) {
    int ends[2];
    *sum = (struct tally){.failed = UINT64_MAX};
    if (order->jobs == 1) {
        work(order, sum, 0);
        return true;
    }
    if (pipe(ends) != 0)
        return false;
    (void)fflush(stdout);
    for (uint64_t job = 0; job < order->jobs; job++) {
        pid_t child = fork();
        if (child < 0)
            return false;
        if (child > 0)
            continue;
        struct tally tally;
        work(order, &tally, job);
        (void)fflush(stdout);
        _exit(write(ends[1], &tally, sizeof tally) == (ssize_t)sizeof tally ? 0 : 1);
    }
    (void)close(ends[1]);
    struct tally part;
    uint64_t parts = 0;
    for (; read(ends[0], &part, sizeof part) == (ssize_t)sizeof part; parts++)
        add(sum, &part);
    (void)close(ends[0]);
    while (wait(NULL) > 0)
        ;
    return parts == order->jobs;
}

static int simulate(const struct order *order) {
    struct tally sum;
    if (!share_out(order, &sum)) {
        (void)fputs("simulate: a job ended without its tally\n", stderr);
        return 70;
    }
    uint64_t violations = sum.failed != UINT64_MAX ? 1 : 0, occurred = 0, rare = 0;
    if (violations > 0 && !order->exhaustive)
        tell(sum.failed, order->story);
    for (int i = 0; i < FAULT_COUNT; i++) {
        occurred += sum.count[i] > 0 ? 1 : 0;
        rare += sum.count[i] < order->least ? 1 : 0;
        if (order->kinds && (sum.count[i] > 0 || !order->exhaustive))
            printf("%10llu  %s%s\n", (unsigned long long)sum.count[i], fault_words[i],
                   sum.count[i] < order->least ? " (too rare)" : "");
    }
    uint64_t pace = sum.plays * 60000000 / (sum.cpu_us + 1);
    if (order->kinds)
        printf("%llu stories a minute and core%s\n", (unsigned long long)pace, pace < order->pace ? " (too slow)" : "");
    if (order->exhaustive)
        printf(
            "all interleavings of 2 keys, 3 events and %llu faults: %llu stories, the longest of %llu choices, through "
            "%llu "
            "different states\n",
            (unsigned long long)order->faults, (unsigned long long)sum.plays, (unsigned long long)sum.deepest,
            (unsigned long long)sum.states);
    if (rare > 0)
        printf("%llu kinds of fault occurred less than %llu times\n", (unsigned long long)rare,
               (unsigned long long)order->least);
    printf("seeds=%llu steps=%llu faults=%llu violations=%llu\n", (unsigned long long)sum.plays,
           (unsigned long long)sum.steps, (unsigned long long)occurred, (unsigned long long)violations);
    return violations > 0 || rare > 0 || pace < order->pace ? 1 : 0;
}

static const char help[] =
    "usage: simulate [--seeds N] [--seed S] [--jobs N] [--plant list|NAME] [--story FOLDER]\n"
    "                [--exhaustive [--faults N]] [--kinds] [--least N] [--pace N]\n"
    "\n"
    "Plays seeded disasters against the core: safety after each step; then the faults end, and every\n"
    "event must settle. A promise that is broken is printed with its seed and a story as short as can be\n"
    "found; exit 1 then.\n"
    "\n"
    "  --seeds N       so many stories, from seed 1 on (20000)\n"
    "  --seed S        only this one\n"
    "  --jobs N        on so many cores at once (1), of which --exhaustive uses at most three\n"
    "  --plant NAME    with this bug put into the core: it must be found; `list` names them\n"
    "  --story FOLDER  write the story that broke a promise there, as a case of tests/cases\n"
    "  --exhaustive    no dice: all interleavings of 2 keys and 3 events, with as many faults as --faults\n"
    "                  says (2)\n"
    "  --kinds         print how often each kind of fault occurred; --least N: fail when one is rarer\n"
    "  --pace N        fail when less than N stories are played a minute and core\n";

static int usage(void) {
    (void)fputs(help, stderr);
    return 64;
}

static bool number(const char *text, uint64_t *out) {
    char *end;
    *out = strtoull(text, &end, 10);
    return *text != '\0' && *text != '-' && *end == '\0';
}

static bool read_order(struct order *order, int argument_count, char **arguments) {
    for (int i = 1; i < argument_count; i++) {
        const char *name = arguments[i], *value = i + 1 < argument_count ? arguments[i + 1] : "";
        if (strcmp(name, "--kinds") == 0)
            order->kinds = true;
        else if (strcmp(name, "--exhaustive") == 0)
            order->exhaustive = true;
        else if (strcmp(name, "--story") == 0 && *value != '\0')
            order->story = arguments[++i];
        else if (strcmp(name, "--plant") == 0 && *value != '\0')
            order->plant = arguments[++i];
        else if (strcmp(name, "--seed") == 0 && number(value, &order->first)) {
            order->seeds = 1;
            i++;
        } else if ((strcmp(name, "--seeds") == 0 && number(value, &order->seeds)) ||
                   (strcmp(name, "--least") == 0 && number(value, &order->least)) ||
                   (strcmp(name, "--faults") == 0 && number(value, &order->faults)) ||
                   (strcmp(name, "--pace") == 0 && number(value, &order->pace)) ||
                   (strcmp(name, "--jobs") == 0 && number(value, &order->jobs)))
            i++;
        else
            return false;
    }
    return order->jobs >= 1 && order->jobs <= MOST_JOBS;
}

int main(int argument_count, char **arguments) {
    struct order order = {.first = 1, .seeds = 20000, .jobs = 1, .faults = 2};
    if (argument_count == 2 && (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0)) {
        (void)fputs(help, stdout);
        return 0;
    }
    if (!read_order(&order, argument_count, arguments))
        return usage();
    if (order.plant != NULL && strcmp(order.plant, "list") == 0) {
        for (int i = 0; plants[i] != NULL; i++)
            puts(plants[i]);
        return 0;
    }
    if (order.plant != NULL && !plant_named(order.plant))
        return usage();
    world.tasks = malloc(MOST_TASKS * sizeof *world.tasks);
    world.maps = malloc(MOST_MAPS * sizeof *world.maps);
    world.taken = malloc(MOST_TAKEN * sizeof *world.taken);
    bug_handler(on_bug);
    records_init();
    if (world.tasks == NULL || world.maps == NULL || world.taken == NULL || !props_init(&props))
        return 70;
    int status = simulate(&order);
    props_finish(&props);
    free(world.tasks);
    free(world.maps);
    free(world.taken);
    return status;
}
