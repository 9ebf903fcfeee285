/* Every interleaving of two keys, three events and so many faults, one story after another: nothing is thrown. Which
 * inputs can come next is picked in each step, and whether something goes wrong; time only ever goes on. A story that
 * comes to where another has been, with no more faults left, ends there: how it goes on has been told. */
#include "play.h"

#include <stdio.h>

enum { MOST_PICKS = 1000, MOST_LIVELY = 32, MOST_AHEAD = 1 };

static const char *const patterns[] = {"aab", "aba", "abb"};

static const enum fault tried[] = {
    FAULT_CRASH_AMID,       FAULT_STALL,        FAULT_REBALANCE,        FAULT_LOST,
    FAULT_ASSIGNED_TWICE,   FAULT_STOP,         FAULT_ANSWERED_REFUSED, FAULT_ANSWERED_50X,
    FAULT_ANSWERED_401,     FAULT_AMBIGUOUS,    FAULT_REPLY_TWICE,      FAULT_ABORT_RACE,
    FAULT_LETTER_FAILED,    FAULT_COMMIT_RETRY, FAULT_COMMIT_FENCED,    FAULT_COMMIT_ANSWER_LOST,
    FAULT_COMMITTED_FAILED, FAULT_REWIND,       FAULT_MAP_LOST};

static struct choices explored;
static uint32_t faults_a_story;

/* Where stories have been: likenesses, and with how many faults left. */
static struct {
    uint64_t *likeness; /* 0: free */
    uint8_t *budget;
    size_t capacity, count;
    bool retold; /* a story is told once more, to its end */
} visited;

static size_t locate(uint64_t likeness) {
    size_t at = (size_t)likeness & (visited.capacity - 1);
    while (visited.likeness[at] != 0 && visited.likeness[at] != likeness)
        at = (at + 1) & (visited.capacity - 1);
    return at;
}

static void visited_grow(void) {
    uint64_t *old = visited.likeness;
    uint8_t *budget = visited.budget;
    size_t capacity = visited.capacity;
    visited.capacity = capacity == 0 ? 1 << 16 : capacity * 2;
    visited.likeness = calloc(visited.capacity, sizeof *visited.likeness);
    visited.budget = calloc(visited.capacity, sizeof *visited.budget);
    if (visited.likeness == NULL || visited.budget == NULL)
        abort();
    for (size_t i = 0; i < capacity; i++)
        if (old[i] != 0) {
            size_t at = locate(old[i]);
            visited.likeness[at] = old[i];
            visited.budget[at] = budget[i];
        }
    free(old);
    free(budget);
}

/* Has a story with as many faults left been here? Now one has. Only asked where a story is new. */
bool explore_known(const struct world *of) {
    if (visited.retold || of->choices->at < of->choices->length)
        return false;
    if (visited.count * 2 >= visited.capacity)
        visited_grow();
    uint64_t likeness = world_likeness(of) | 1;
    size_t at = locate(likeness);
    bool known = visited.likeness[at] != 0;
    if (known && visited.budget[at] >= of->choices->budget)
        return true;
    visited.count += known ? 0 : 1;
    visited.likeness[at] = likeness;
    visited.budget[at] = (uint8_t)of->choices->budget;
    return false;
}

/* A task whose place among the others matters; what is over or without consequence is not one. */
static bool lively(const struct world *of, const struct task *task) {
    const struct member *member = &of->member[task->member];
    bool alive = task->life == member->life && member->flow != NULL;
    switch (task->kind) {
    case TASK_STORE:
        return true;
    case TASK_FETCH: {
        const struct tenure *tenure = &member->tenure[task->route];
        const struct partition_log *log = &of->group[task->route].log[task->number];
        return alive && tenure->held && tenure->number == task->id && !tenure->draining &&
               tenure->reading[task->number].position <= log->record[log->count - 1].offset;
    }
    case TASK_REPLY:
    case TASK_LETTER:
    case TASK_RESULT:
    case TASK_COMMITTED:
    case TASK_ASSIGNED:
    case TASK_REVOKED:
    case TASK_LOST:
    case TASK_STOP:
        return alive;
    case TASK_DEADLINE:
    case TASK_READY:
    case TASK_REBALANCE:
    case TASK_OPERATOR:
    case TASK_RELEASE:
    case TASK_RESTART:
    case TASK_TABLE:
    case TASK_TELL:
        break;
    }
    return false;
}

bool explore_goes_on(const struct world *of) {
    for (uint32_t i = 0; i < of->task_count; i++)
        if (lively(of, &of->tasks[i]))
            return true;
    return false;
}

/* The places in the heap of what can come next, as they were planned. */
static uint32_t collect(const struct world *of, uint32_t places[MOST_LIVELY]) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < of->task_count; i++) {
        if (!lively(of, &of->tasks[i]))
            continue;
        if (count == MOST_LIVELY)
            abort();
        uint32_t at = count++;
        for (; at > 0 && of->tasks[i].turn < of->tasks[places[at - 1]].turn; at--)
            places[at] = places[at - 1];
        places[at] = i;
    }
    return count;
}

static bool play_task(struct world *of, uint32_t place) {
    struct task task = task_take(of, place);
    of->now_ms = task.at_ms > of->now_ms ? task.at_ms : of->now_ms;
    task_run(of, &task);
    return true;
}

bool explore_step(struct world *of) {
    struct member *member = &of->member[0];
    if (of->choices->at > MOST_PICKS)
        violated(of, "L1", "the story does not end");
    if (of->now_ms < member->stalled_ms)
        return false;
    uint32_t places[MOST_LIVELY];
    uint32_t count = collect(of, places);
    if (count == 0 || !lively(of, &of->tasks[0]))
        return false;
    bool timer = member->flow != NULL && member->wake_ms <= member->last_ms + of->scene.tick_ms;
    uint64_t oldest = of->tasks[places[0]].turn;
    if (of->oldest != oldest)
        of->ahead = 0;
    of->oldest = oldest;
    for (uint32_t i = 0; i < count; i++)
        if (of->tasks[places[i]].kind == TASK_STORE) /* nobody can tell when it is stored before it is answered */
            return play_task(of, places[i]);
    uint32_t picked = pick(of->choices, count + (timer && of->ahead < MOST_AHEAD ? 1 : 0));
    if (picked == count) {
        struct input input = {.kind = INPUT_TIMER};
        of->ahead++;
        of->now_ms = member->wake_ms > of->now_ms ? member->wake_ms : of->now_ms;
        feed(of, member, &input);
        return true;
    }
    return play_task(of, places[picked]);
}

/* The next story: the last choice that has another way is taken otherwise. */
static bool turn(struct choices *choices) {
    for (; choices->length > 0; choices->length--)
        if (++choices->tape[choices->length - 1] < choices->bounds[choices->length - 1])
            return true;
    return false;
}

static bool play_one(struct buf *story) {
    explored.budget = faults_a_story;
    memset(explored.count, 0, sizeof explored.count);
    return play(&explored, 0, story);
}

static void explore_pattern(struct tally *tally, const char *keys) {
    explored.length = 0;
    world.keys = keys;
    memset(visited.likeness, 0, visited.capacity * sizeof *visited.likeness);
    visited.count = 0;
    do {
        bool good = play_one(NULL);
        tally->plays++;
        tally->steps += world.steps;
        tally->deepest = explored.length > tally->deepest ? explored.length : tally->deepest;
        for (int i = 0; i < FAULT_COUNT; i++)
            tally->count[i] += explored.count[i];
        if (!good)
            tally->failed = tally->plays;
    } while (tally->failed == UINT64_MAX && turn(&explored));
    tally->states += visited.count;
}

static void tell_explored(void) {
    struct buf story = {0};
    visited.retold = true;
    (void)play_one(&story);
    printf("keys %s: %s: %s\n%zu choices tell it:\n%s\n", world.keys, world.rule, world.what, explored.length,
           buf_text(&story));
    buf_finish(&story);
}

void explore(struct tally *tally, uint32_t faults, uint32_t job, uint32_t jobs) {
    faults_a_story = faults;
    explored.explore = true;
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++)
        explored.rate[tried[i]] = 1;
    visited_grow();
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns && tally->failed == UINT64_MAX; i++)
        if (i % jobs == job) /* what stories of one pattern have seen says nothing of another */
            explore_pattern(tally, patterns[i]);
    if (tally->failed != UINT64_MAX)
        tell_explored();
    free(visited.likeness);
    free(visited.budget);
    free(explored.tape);
    free(explored.bounds);
    explored = (struct choices){0};
}
