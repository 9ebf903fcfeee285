/* Makes automata by the subset construction and runs them. A state is the set of steps of the graph that are possible;
 * assertions that look at the next character wait in it until that is known. */
#include "schema/regex_automaton.h"

#include "base/table.h"
#include "schema/format_utf8.h"

#include <stdlib.h>

enum {
    STATES_MAXIMUM = 2000,
    CELLS_MAXIMUM = 32768,  /* 64 KiB of table */
    WORK_MAXIMUM = 2000000, /* steps of the construction: about 10 ms */
    DIRECT = 0x180,         /* code points whose class is looked up directly: ASCII and Latin */
    STRIDE = 4,             /* bytes looked up before anybody asks where they led */
    LANE_MAXIMUM = 10,      /* bytes of one lane */
    LANE_STATES = 16,       /* a text may be in, on the way to a lane's end */
};

/* The first rows, which nothing leaves: no match is possible any more, there is one, a byte has to be looked at
 * together with those behind it. */
enum { ROW_DEAD, ROW_ACCEPT, ROW_BEYOND, ROW_FIRST };

/* States are named by the index of their first cell; a row has a cell for each class, one for the end and one for bytes
 * from 0x80 on. */
struct regex_automaton {
    uint16_t *next;
    uint32_t *low; /* intervals from DIRECT on */
    unsigned char *beyond;
    uint32_t intervals;
    uint32_t classes;
    uint32_t cells;
    uint32_t row;        /* cells of one */
    uint32_t beyond_row; /* and of ROW_BEYOND and ROW_ACCEPT the names */
    uint16_t accept;
    uint16_t start;
    bool idles;                /* some characters leave it at the start */
    unsigned char lane;        /* bytes of a lane, 0: there are none */
    uint16_t lane_start[2];    /* the only states in which an ASCII text can be after one lane and after two */
    unsigned char column[256]; /* of each byte */
    unsigned char direct[DIRECT];
};

/* What stands before a position. */
enum before { BEFORE_OTHER, BEFORE_WORD, BEFORE_START };

struct state {
    uint32_t *member; /* vertices, ascending */
    uint32_t count;
    enum before before;
    uint64_t hash;
};

struct list {
    uint32_t *vertex;
    uint32_t count;
    uint32_t *mark; /* of each vertex: the turn in which it was listed */
    uint32_t turn;
};

struct construction {
    const struct regex_graph *graph;
    struct arena *arena;
    bool words;
    struct state *state;
    uint32_t states;
    uint32_t state_room;
    uint32_t *slot; /* open addressing over states, 0 = free */
    uint32_t slots; /* a power of two, more than twice the states */
    struct list now, then;
    uint32_t *stack;
    uint16_t *next;
    uint64_t work;
    enum regex_fit fit;
};

static void list_clear(struct list *list) {
    list->count = 0;
    list->turn++;
}

/* Lists what can be reached from `vertex` without a character; true when that is a match. Assertions about what follows
 * are listed themselves. */
static bool reach(struct construction *construction, struct list *list, uint32_t vertex, enum before before) {
    const struct regex_vertex *graph = construction->graph->vertex;
    uint32_t *stack = construction->stack, depth = 0;
    stack[depth++] = vertex;
    while (depth > 0) {
        uint32_t one = stack[--depth];
        if (list->mark[one] == list->turn)
            continue;
        list->mark[one] = list->turn;
        construction->work++;
        switch (graph[one].step) {
        case REGEX_STEP_MATCH:
            return true;
        case REGEX_STEP_SPLIT:
            stack[depth++] = graph[one].next;
            stack[depth++] = graph[one].other;
            break;
        case REGEX_STEP_START:
            if (before == BEFORE_START)
                stack[depth++] = graph[one].next;
            break;
        case REGEX_STEP_CLASS:
        case REGEX_STEP_END:
        case REGEX_STEP_WORD:
        case REGEX_STEP_NOT_WORD:
            list->vertex[list->count++] = one;
            break;
        }
    }
    return false;
}

enum after { AFTER_OTHER, AFTER_WORD, AFTER_END };

/* Lists the members of the state in `now` with its assertions decided; true when one leads to a match. */
static bool decide(struct construction *construction, const struct state *state, enum after after) {
    struct list *now = &construction->now;
    const struct regex_vertex *graph = construction->graph->vertex;
    list_clear(now);
    for (uint32_t i = 0; i < state->count; i++) {
        now->mark[state->member[i]] = now->turn;
        now->vertex[now->count++] = state->member[i];
    }
    for (uint32_t i = 0; i < now->count; i++) {
        const struct regex_vertex *one = &graph[now->vertex[i]];
        bool edge = (state->before == BEFORE_WORD) != (after == AFTER_WORD);
        bool holds = (one->step == REGEX_STEP_END && after == AFTER_END) || (one->step == REGEX_STEP_WORD && edge) ||
                     (one->step == REGEX_STEP_NOT_WORD && !edge);
        construction->work++;
        if (holds && reach(construction, now, one->next, state->before))
            return true;
    }
    return false;
}

static int compare(const void *one, const void *other) {
    uint32_t left = *(const uint32_t *)one, right = *(const uint32_t *)other;
    return left < right ? -1 : left > right;
}

/* Room for one more state and its row. */
static bool grow(struct construction *construction) {
    uint32_t stride = construction->graph->classes + 1, room = construction->state_room * 4;
    if (construction->states < construction->state_room)
        return true;
    if (room == 0)
        room = 32;
    struct state *state = arena_take(construction->arena, room * sizeof *state);
    uint16_t *next = arena_take_zero(construction->arena, room * stride, sizeof *next);
    uint32_t *slot = arena_take_zero(construction->arena, room * 2, sizeof *slot);
    if (state == NULL || next == NULL || slot == NULL) {
        construction->fit = REGEX_NO_MEMORY;
        return false;
    }
    if (construction->states > 0) {
        memcpy(state, construction->state, construction->states * sizeof *state);
        memcpy(next, construction->next, construction->states * stride * sizeof *next);
    }
    construction->state = state;
    construction->state_room = room;
    construction->next = next;
    construction->slot = slot;
    construction->slots = room * 2;
    for (uint32_t i = 2; i < construction->states; i++) {
        uint32_t place = (uint32_t)state[i].hash & (construction->slots - 1);
        while (slot[place] != 0)
            place = (place + 1) & (construction->slots - 1);
        slot[place] = i;
    }
    return true;
}

/* The number of the state that `list` is, made when it is new. 0 stands for the empty list, which is dead. */
static uint32_t intern(struct construction *construction, struct list *list, enum before before) {
    const struct regex_vertex *graph = construction->graph->vertex;
    if (list->count == 0)
        return 0;
    bool waits = false;
    for (uint32_t i = 0; i < list->count; i++)
        waits = waits || graph[list->vertex[i]].step != REGEX_STEP_CLASS;
    if (!waits)
        before = BEFORE_OTHER; /* nobody asks */
    qsort(list->vertex, list->count, sizeof *list->vertex, compare);
    construction->work += list->count;
    size_t bytes = list->count * sizeof *list->vertex;
    uint64_t hash = hash_bytes(span_make(list->vertex, bytes), before);
    if (!grow(construction))
        return 0;
    uint32_t mask = construction->slots - 1, slot = (uint32_t)hash & mask;
    for (; construction->slot[slot] != 0; slot = (slot + 1) & mask) {
        const struct state *state = &construction->state[construction->slot[slot]];
        if (state->hash == hash && state->before == before && state->count == list->count &&
            memcmp(state->member, list->vertex, bytes) == 0)
            return construction->slot[slot];
    }
    if (construction->states == STATES_MAXIMUM ||
        (construction->states + 1) * (construction->graph->classes + 1) > CELLS_MAXIMUM) {
        construction->fit = REGEX_TOO_LARGE;
        return 0;
    }
    uint32_t *member = arena_take(construction->arena, bytes);
    if (member == NULL) {
        construction->fit = REGEX_NO_MEMORY;
        return 0;
    }
    memcpy(member, list->vertex, bytes);
    construction->state[construction->states] = (struct state){member, list->count, before, hash};
    construction->slot[slot] = construction->states;
    return construction->states++;
}

static bool has_class(const uint64_t bits[2], uint32_t class) {
    return (bits[class >> 6] >> (class & 63) & 1) != 0;
}

/* Where `state` goes with a character of `class`: a number of a state, 1 = accept. */
static uint32_t step(struct construction *construction, uint32_t state, uint32_t class) {
    const struct regex_graph *graph = construction->graph;
    struct list *now = &construction->now, *then = &construction->then;
    bool word = construction->words && has_class(graph->words, class);
    if (decide(construction, &construction->state[state], word ? AFTER_WORD : AFTER_OTHER))
        return 1;
    enum before before = word ? BEFORE_WORD : BEFORE_OTHER;
    list_clear(then);
    for (uint32_t i = 0; i < now->count; i++) {
        const struct regex_vertex *one = &graph->vertex[now->vertex[i]];
        if (one->step == REGEX_STEP_CLASS && has_class(graph->has[one->other], class) &&
            reach(construction, then, one->next, before))
            return 1;
    }
    if (reach(construction, then, graph->first, before)) /* a match may begin anywhere */
        return 1;
    return intern(construction, then, before);
}

/* Fills the table. Row 0 is dead, row 1 accepts. */
static void construct(struct construction *construction, uint32_t *start) {
    uint32_t classes = construction->graph->classes, stride = classes + 1;
    if (!grow(construction))
        return;
    construction->states = 2;
    list_clear(&construction->then);
    bool match = reach(construction, &construction->then, construction->graph->first, BEFORE_START);
    *start = match ? 1 : intern(construction, &construction->then, BEFORE_START);
    for (uint32_t class = 0; class < stride; class ++)
        construction->next[stride + class] = (uint16_t)stride;
    for (uint32_t state = 2; state < construction->states; state++) {
        for (uint32_t class = 0; class <= classes; class ++) {
            uint32_t next;
            if (class == classes)
                next = decide(construction, &construction->state[state], AFTER_END);
            else
                next = step(construction, state, class);
            if (construction->work > WORK_MAXIMUM)
                construction->fit = REGEX_TOO_LARGE;
            if (construction->fit != REGEX_FITS)
                return;
            construction->next[state * stride + class] = (uint16_t)(next * stride);
        }
    }
}

/* The class of each code point below DIRECT, and the intervals from there on. */
static void copy_classes(struct regex_automaton *automaton, const struct regex_graph *graph) {
    for (uint32_t i = 0; i < graph->intervals; i++) {
        uint32_t high = i + 1 < graph->intervals ? graph->low[i + 1] - 1 : REGEX_POINT_MAXIMUM;
        for (uint32_t point = graph->low[i]; point < DIRECT && point <= high; point++)
            automaton->direct[point] = graph->class[i];
        if (high < DIRECT)
            continue;
        automaton->low[automaton->intervals] = graph->low[i];
        automaton->beyond[automaton->intervals++] = graph->class[i];
    }
    for (unsigned byte = 0; byte < 256; byte++)
        automaton->column[byte] = byte < 0x80 ? automaton->direct[byte] : (unsigned char)(graph->classes + 1);
}

/* The cells of the construction, with one row and one column more. */
static void copy_rows(struct regex_automaton *automaton, const struct construction *construction, uint32_t start) {
    uint32_t classes = automaton->classes, row = automaton->row;
    for (uint32_t cell = 0; cell < ROW_FIRST * row; cell++)
        automaton->next[cell] = (uint16_t)(cell / row * row);
    for (uint32_t state = 2; state < construction->states; state++) {
        uint16_t *cell = automaton->next + (state + 1) * row;
        for (uint32_t class = 0; class <= classes; class ++) {
            uint32_t next = construction->next[state * (classes + 1) + class] / (classes + 1);
            cell[class] = (uint16_t)((next + (next > ROW_ACCEPT)) * row);
        }
        cell[classes + 1] = (uint16_t)automaton->beyond_row;
    }
    automaton->start = (uint16_t)((start + (start > ROW_ACCEPT)) * row);
    for (uint32_t class = 0; class < classes; class ++)
        automaton->idles = automaton->idles || automaton->next[automaton->start + class] == automaton->start;
}

void regex_automaton_destroy(struct regex_automaton *automaton) {
    if (automaton == NULL)
        return;
    free(automaton->next);
    free(automaton->low);
    free(automaton->beyond);
    free(automaton);
}

/* From where a text may be to where it may be a character later. False where that is too much to follow, or a match. */
static bool follow(const struct regex_automaton *automaton, uint16_t state[LANE_STATES], uint32_t *count) {
    uint16_t then[LANE_STATES] = {0};
    uint32_t found = 0;
    for (uint32_t cell = 0; cell < *count * automaton->classes; cell++) {
        uint16_t next = automaton->next[state[cell / automaton->classes] + cell % automaton->classes];
        uint32_t same = 0;
        while (same < found && then[same] != next)
            same++;
        if (same < found || next == ROW_DEAD)
            continue;
        if (next == automaton->accept || found == LANE_STATES)
            return false;
        then[found++] = next;
    }
    memcpy(state, then, found * sizeof *then);
    *count = found;
    return found > 0;
}

/* Patterns of fixed shape, as that of a date and time, have only one state in which a text can be after some numbers of
 * bytes. There a text is cut in lanes, which need not wait for each other. */
static void find_lanes(struct regex_automaton *automaton) {
    static const unsigned char lengths[] = {8, 7, 9, 6, LANE_MAXIMUM, 5, 4};
    uint16_t only[2 * LANE_MAXIMUM + 1] = {0}, state[LANE_STATES] = {automaton->start};
    uint32_t count = automaton->start > automaton->accept;
    for (uint32_t bytes = 1; bytes <= 2 * LANE_MAXIMUM && follow(automaton, state, &count); bytes++)
        only[bytes] = count == 1 ? state[0] : 0;
    for (size_t i = 0; i < sizeof lengths && automaton->lane == 0; i++)
        if (only[lengths[i]] != 0 && only[2 * lengths[i]] != 0) {
            automaton->lane = lengths[i];
            automaton->lane_start[0] = only[lengths[i]];
            automaton->lane_start[1] = only[2 * lengths[i]];
        }
}

static struct regex_automaton *finish(const struct construction *construction, uint32_t start) {
    const struct regex_graph *graph = construction->graph;
    struct regex_automaton *automaton = calloc(1, sizeof *automaton);
    if (automaton == NULL)
        return NULL;
    automaton->classes = graph->classes;
    automaton->row = graph->classes + 2;
    automaton->beyond_row = ROW_BEYOND * automaton->row;
    automaton->accept = (uint16_t)(ROW_ACCEPT * automaton->row);
    automaton->cells = (construction->states + 1) * automaton->row; /* at most 1.5 of CELLS_MAXIMUM */
    automaton->next = malloc(automaton->cells * sizeof *automaton->next);
    automaton->low = malloc(graph->intervals * sizeof *automaton->low);
    automaton->beyond = malloc(graph->intervals);
    if (automaton->next == NULL || automaton->low == NULL || automaton->beyond == NULL) {
        regex_automaton_destroy(automaton);
        return NULL;
    }
    copy_classes(automaton, graph);
    copy_rows(automaton, construction, start);
    find_lanes(automaton);
    return automaton;
}

enum regex_fit regex_automaton_make(const struct regex_tree *tree, struct arena *arena,
                                    struct regex_automaton **automaton, uint32_t *work) {
    struct regex_graph graph;
    enum regex_fit fit = regex_graph_build(tree, arena, &graph);
    if (fit != REGEX_FITS)
        return fit;
    uint32_t count = graph.count, start = 0;
    struct construction construction = {.graph = &graph, .arena = arena, .words = tree->words};
    construction.stack = arena_take(arena, (2 * (size_t)count + 2) * sizeof(uint32_t));
    construction.now.vertex = arena_take(arena, count * sizeof(uint32_t));
    construction.now.mark = arena_take_zero(arena, count, sizeof(uint32_t));
    construction.then.vertex = arena_take(arena, count * sizeof(uint32_t));
    construction.then.mark = arena_take_zero(arena, count, sizeof(uint32_t));
    if (construction.stack == NULL || construction.now.vertex == NULL || construction.now.mark == NULL ||
        construction.then.vertex == NULL || construction.then.mark == NULL)
        return REGEX_NO_MEMORY;
    construct(&construction, &start);
    *work = (uint32_t)construction.work;
    if (construction.fit != REGEX_FITS)
        return construction.fit;
    *automaton = finish(&construction, start);
    return *automaton != NULL ? REGEX_FITS : REGEX_NO_MEMORY;
}

static uint32_t class_beyond(const struct regex_automaton *automaton, uint32_t point) {
    uint32_t low = 0, high = automaton->intervals;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (automaton->low[middle] <= point)
            low = middle;
        else
            high = middle;
    }
    return automaton->beyond[low];
}

/* Character by character, also beyond ASCII. */
__attribute__((noinline)) static bool match_slowly(const struct regex_automaton *automaton, struct span text) {
    const char *at = text.data, *end = text.data + text.size;
    uint32_t state = automaton->start, accept = automaton->accept;
    while (at < end && state > accept) {
        uint32_t point = (unsigned char)*at < 0x80 ? (unsigned char)*at++ : utf8_take(&at, end);
        state = automaton->next[state + (point < DIRECT ? automaton->direct[point] : class_beyond(automaton, point))];
    }
    return state == accept || (state > accept && automaton->next[state + automaton->classes] == accept);
}

/* From `state` on. Some bytes at a time: as nothing leaves the first rows, it is enough to ask after the last of them,
 * and the look-ups are all that is left of the loop. */
static inline bool match_from(const struct regex_automaton *automaton, size_t state, const unsigned char *at,
                              struct span text) {
    const unsigned char *end = (const unsigned char *)text.data + text.size, *column = automaton->column;
    const uint16_t *next = automaton->next;
    for (size_t left = (size_t)(end - at) / STRIDE; left > 0; left--, at += STRIDE) {
        state = next[state + column[at[0]]];
        state = next[state + column[at[1]]];
        state = next[state + column[at[2]]];
        state = next[state + column[at[3]]];
        if (state <= automaton->beyond_row)
            break;
    }
    for (; at < end && state > automaton->beyond_row; at++)
        state = next[state + column[*at]];
    if (state <= automaton->beyond_row)
        return state == automaton->beyond_row ? match_slowly(automaton, text) : state == automaton->accept;
    return next[state + automaton->classes] == automaton->accept;
}

/* Three lanes side by side; the last one goes on. A lane that lives to its end is where the next one began. */
__attribute__((noinline)) static bool match_lanes(const struct regex_automaton *automaton, struct span text) {
    size_t lane = automaton->lane, room = text.size - 2 * lane, all = room < lane ? room : lane, i = 0;
    const unsigned char *at = (const unsigned char *)text.data, *column = automaton->column;
    const uint16_t *next = automaton->next;
    size_t first = automaton->start, second = automaton->lane_start[0], third = automaton->lane_start[1];
    for (; i < all; i++) {
        first = next[first + column[at[i]]];
        second = next[second + column[at[lane + i]]];
        third = next[third + column[at[2 * lane + i]]];
    }
    for (; i < lane; i++) {
        first = next[first + column[at[i]]];
        second = next[second + column[at[lane + i]]];
    }
    if (first <= automaton->beyond_row || second <= automaton->beyond_row)
        return match_slowly(automaton, text);
    return match_from(automaton, third, at + 2 * lane + all, text);
}

bool regex_automaton_match(const struct regex_automaton *automaton, struct span text) {
    const unsigned char *at = (const unsigned char *)text.data, *end = at + text.size;
    if (automaton->lane > 0 && text.size >= 2 * (size_t)automaton->lane)
        return match_lanes(automaton, text);
    if (automaton->idles) /* characters that cannot begin a match: this loop does not wait for its own last look-up */
        while (at < end && automaton->next[automaton->start + automaton->column[*at]] == automaton->start)
            at++;
    return match_from(automaton, automaton->start, at, text);
}

/* Whether a step of a live state or the end of a text there leads to a row. */
static bool leads_to(const struct regex_automaton *automaton, uint32_t row) {
    for (uint32_t cell = ROW_FIRST * automaton->row; cell < automaton->cells; cell++)
        if (automaton->next[cell] == row * automaton->row)
            return true;
    return false;
}

bool regex_automaton_is_always(const struct regex_automaton *automaton) {
    if (automaton->start <= automaton->accept)
        return automaton->start == automaton->accept;
    return !leads_to(automaton, ROW_DEAD);
}

bool regex_automaton_is_never(const struct regex_automaton *automaton) {
    if (automaton->start <= automaton->accept)
        return automaton->start != automaton->accept;
    return !leads_to(automaton, ROW_ACCEPT);
}

size_t regex_automaton_bytes(const struct regex_automaton *automaton) {
    return sizeof *automaton + automaton->cells * sizeof *automaton->next +
           automaton->intervals * (sizeof *automaton->low + 1);
}
