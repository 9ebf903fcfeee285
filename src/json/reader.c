/* One pass over the bytes that fills an array of nodes, 64 bytes of its strings at a time. No recursion: an open
 * container keeps its parent's index in `after` until it is closed. */
#include "json/reader.h"

#include "json/block_private.h"
#include "json/keys_private.h"
#include "json/reader_private.h"

enum { DEFAULT_SIZE = 1 << 20, DEFAULT_DEPTH = 64, DEFAULT_MEMBERS = 65536, DEFAULT_MEMORY = 64 << 20 };

/* Keys of an object up to this many are compared as they come, those of a larger one when it is closed. */
enum { FEW_MEMBERS = 16 };

static const uint32_t NONE = UINT32_MAX;

/* Where the loop over the text stands; it lives in registers, so its address is never given away. */
struct hand {
    struct json_node *node; /* the next to be written */
    struct json_node *open; /* the innermost open container, or NULL */
    uint32_t count;         /* nodes before `node` */
    bool object;            /* `open` is one */
    const char *block;      /* the text of `odd` */
    uint64_t odd;           /* its bits of block_odd that are not behind us yet; beyond `stop` all are set */
    bool guarded;           /* constant: the end of the text may be met anywhere, else only behind a closing bracket */
};

#define INTO_LOOP static inline __attribute__((always_inline))

const char *reader_refuse(struct reader *reader, const char *at, enum json_fault fault, const char *sentence) {
    reader->problem.fault = fault;
    reader->problem.offset = (size_t)(at - reader->text);
    reader->problem.sentence = sentence;
    return NULL;
}

const char *reader_refuse_syntax(struct reader *reader, const char *at, const char *sentence) {
    return reader_refuse(reader, at, JSON_FAULT_SYNTAX, at == reader->end ? "the text ends too early" : sentence);
}

const char *reader_refuse_memory(struct reader *reader, const char *at) {
    return reader_refuse(reader, at, JSON_FAULT_MEMORY, "out of memory");
}

const char *reader_refuse_limit(struct reader *reader, const char *at) {
    return reader_refuse(reader, at, JSON_FAULT_SIZE, "it needs more memory than the limit allows");
}

static __attribute__((noinline)) bool grow_nodes(struct reader *reader, const char *at) {
    size_t most = (reader->limits.memory - reader->side_capacity) / sizeof *reader->node;
    size_t capacity = 2 * (size_t)reader->capacity;
    if (capacity == 0)
        capacity = (size_t)(reader->end - reader->text) / 8 + 8;
    if (capacity > most)
        capacity = most;
    if (capacity <= reader->capacity)
        return reader_refuse_limit(reader, at) != NULL;
    void *node = arena_resize(reader->arena, reader->node, reader->capacity * sizeof *reader->node,
                              capacity * sizeof *reader->node);
    if (node == NULL)
        return reader_refuse_memory(reader, at) != NULL;
    reader->node = node;
    reader->capacity = (uint32_t)capacity;
    return true;
}

/* Makes sure that there are nodes to write, for what begins at `at`. */
INTO_LOOP bool have_nodes(struct reader *reader, struct hand *hand, uint32_t more, const char *at) {
    if (!READER_RARELY(hand->count + more > reader->capacity))
        return true;
    size_t open = hand->open != NULL ? (size_t)(hand->open - reader->node) : 0;
    while (hand->count + more > reader->capacity)
        if (!grow_nodes(reader, at))
            return false;
    hand->node = reader->node + hand->count;
    if (hand->open != NULL)
        hand->open = reader->node + open;
    return true;
}

INTO_LOOP struct json_node *take_node(struct hand *hand) {
    struct json_node *node = hand->node++;
    node->after = ++hand->count;
    return node;
}

INTO_LOOP void fill_node(const struct reader *reader, struct json_node *node, enum node_type type, unsigned flags,
                         const char *start, const char *end) {
    node->type = (uint8_t)type;
    node->flags = (uint8_t)flags;
    node->exponent = 0;
    node->start = (uint32_t)(start - reader->text);
    node->size = (uint32_t)(end - start);
}

static inline bool is_space(char byte) {
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static __attribute__((noinline)) const char *skip_spaces(const char *at, const char *end) {
    while (at < end && is_space(*at))
        at += end - at >= 8 && word_load_whole(at) == WORD_OF(' ') ? 8 : 1;
    return at;
}

/* --- odd bytes --- */

/* The odd bytes of the block that begins here, of which there is less than a block. */
static READER_SELDOM uint64_t odd_at_stop(const struct reader *reader, const char *at) {
    if (at >= reader->stop)
        return UINT64_MAX;
    size_t left = (size_t)(reader->stop - at);
    if (reader->stop - reader->text >= BLOCK_SIZE)
        return block_odd(reader->stop - BLOCK_SIZE) >> (BLOCK_SIZE - left) | UINT64_MAX << left;
    uint64_t odd = UINT64_MAX << left;
    for (size_t i = 0; i < left; i += 8)
        odd |= word_bits(word_odd_all(word_load(at + i, reader->stop))) << i;
    return odd;
}

INTO_LOOP uint64_t odd_of(const struct reader *reader, const char *at) {
    return reader->stop - at >= BLOCK_SIZE ? block_odd(at) : odd_at_stop(reader, at);
}

/* Where the next odd byte is (or the stop); one hangs on the other by `odd` alone, so the processor finds them ahead of
 * all else. */
INTO_LOOP const char *next_odd(const struct reader *reader, struct hand *hand) {
    while (hand->odd == 0) {
        hand->block += BLOCK_SIZE;
        hand->odd = odd_of(reader, hand->block);
    }
    const char *at = hand->block + (unsigned)__builtin_ctzll(hand->odd);
    hand->odd &= hand->odd - 1;
    return at;
}

/* Leaves what is odd before `at` behind: white space, and strings that are not plain. */
INTO_LOOP void leave_odd(const struct reader *reader, struct hand *hand, const char *at) {
    if (at - hand->block < BLOCK_SIZE) {
        hand->odd &= UINT64_MAX << (at - hand->block);
        return;
    }
    hand->block = at;
    hand->odd = odd_of(reader, at);
}

/* The byte at `at`; NUL, which has no place outside of strings, at the end of the text. */
INTO_LOOP char look(const struct reader *reader, const struct hand *hand, const char *at) {
    return hand->guarded && at == reader->end ? '\0' : *at;
}

/* Mostly there is no white space, and what else stands there is above it. */
INTO_LOOP const char *skip_space(const struct reader *reader, struct hand *hand, const char *at) {
    char byte = look(reader, hand, at);
    if (!READER_RARELY(byte <= ' ') || !is_space(byte))
        return at;
    at = skip_spaces(at + 1, reader->end);
    leave_odd(reader, hand, at);
    return at;
}

/* Moves to this byte; false when something else than white space stands before it. */
INTO_LOOP bool reach(const struct reader *reader, struct hand *hand, const char **at, char byte) {
    if (look(reader, hand, *at) == byte)
        return true;
    *at = skip_space(reader, hand, *at);
    return look(reader, hand, *at) == byte;
}

/* --- strings --- */

/* Where the string that opens here stops being plain ASCII: at its closing quote, mostly. Its opening quote is the
 * first odd byte that is not behind us. */
INTO_LOOP const char *plain_end(const struct reader *reader, struct hand *hand) {
    (void)next_odd(reader, hand);
    return next_odd(reader, hand);
}

INTO_LOOP const char *read_odd(struct reader *reader, struct hand *hand, struct json_node *string, const char *start,
                               const char *at, bool key) {
    at = reader_odd_string(reader, string, start, at, key);
    if (at != NULL)
        leave_odd(reader, hand, at);
    return at;
}

/* `at` is the opening quote. */
INTO_LOOP const char *read_string(struct reader *reader, struct hand *hand, struct json_node *string,
                                  const char *start) {
    const char *at = plain_end(reader, hand);
    if (READER_RARELY(look(reader, hand, at) != '"'))
        return read_odd(reader, hand, string, start, at, false);
    fill_node(reader, string, NODE_STRING, NODE_ASCII, start, at + 1);
    string->is.integer = 0; /* hash and side */
    return at + 1;
}

/* --- objects --- */

static const char *refuse_duplicate(struct reader *reader, const struct json_node *key) {
    return reader_refuse(reader, reader->text + key->start, JSON_FAULT_DUPLICATE, "the same key twice in one object");
}

static struct json_document so_far(const struct reader *reader) {
    return (struct json_document){.source.data = reader->text, .node = reader->node, .side = reader->side};
}

static READER_SELDOM bool are_equal(const struct reader *reader, const struct json_node *one,
                                    const struct json_node *other) {
    struct json_document document = so_far(reader);
    return json_keys_equal(&document, one, other);
}

/* Holds the key that was read last against those before it in its object. */
static __attribute__((noinline)) bool is_new(const struct reader *reader, const struct json_node *object,
                                             const struct json_node *last) {
    const struct json_node *node = reader->node;
    uint32_t hash = last->is.text.hash;
    for (const struct json_node *key = object + 1; key != last; key = node + key[1].after)
        if (READER_RARELY(key->is.text.hash == hash) && are_equal(reader, key, last))
            return false;
    return true;
}

static const char *check_keys(struct reader *reader, const struct json_node *object, const char *at) {
    struct json_document document = so_far(reader);
    const struct json_node *twice;
    if (!json_keys_twice(reader->arena, &document, object, &twice))
        return reader_refuse_memory(reader, at);
    return twice == NULL ? at : refuse_duplicate(reader, twice);
}

/* `at` is the opening quote of a key. */
INTO_LOOP const char *read_name(struct reader *reader, struct hand *hand, struct json_node *name, const char *start) {
    const char *at = plain_end(reader, hand);
    if (READER_RARELY(look(reader, hand, at) != '"'))
        return read_odd(reader, hand, name, start, at, true);
    size_t size = (size_t)(at - start - 1);
    fill_node(reader, name, NODE_STRING, NODE_ASCII, start, at + 1);
    name->is.text.hash =
        size >= 8 ? word_hash_long(start + 1, size) : word_hash_short(word_load(start + 1, reader->end), size);
    name->is.text.side = 0;
    return at + 1;
}

/* A key and its colon; `at` is where the key should begin. */
INTO_LOOP const char *read_key(struct reader *reader, struct hand *hand, const char *at) {
    if (!reach(reader, hand, &at, '"'))
        return reader_refuse_syntax(reader, at, "expected a key in double quotes");
    if (hand->open->is.count == reader->limits.members)
        return reader_refuse(reader, at, JSON_FAULT_MEMBERS, "an object has more members than the limit allows");
    if (!have_nodes(reader, hand, 2, at))
        return NULL;
    struct json_node *key = take_node(hand), *object = hand->open;
    at = read_name(reader, hand, key, at);
    if (at == NULL)
        return NULL;
    uint32_t filter = object->is.filter, place = json_filter_place(key->is.text.hash);
    object->is.filter = filter | UINT32_C(1) << place;
    if ((filter >> place & 1) != 0 && object->is.count < FEW_MEMBERS && !is_new(reader, object, key))
        return refuse_duplicate(reader, key);
    object->is.count++;
    if (!reach(reader, hand, &at, ':'))
        return reader_refuse_syntax(reader, at, "expected ':'");
    return at + 1;
}

/* --- the whole --- */

/* `at` is the opening bracket. Returns the place behind it and behind white space. */
INTO_LOOP const char *open_container(struct reader *reader, struct hand *hand, const char *at) {
    if (reader->depth == reader->limits.depth)
        return reader_refuse(reader, at, JSON_FAULT_DEPTH,
                             "arrays and objects are nested deeper than the limit allows");
    reader->depth++;
    struct json_node *container = take_node(hand);
    hand->object = *at == '{';
    fill_node(reader, container, hand->object ? NODE_OBJECT : NODE_ARRAY, 0, at, at);
    container->after = hand->open != NULL ? (uint32_t)(hand->open - reader->node) : NONE;
    container->is.count = 0;
    container->is.filter = 0;
    hand->open = container;
    return skip_space(reader, hand, at + 1);
}

/* `at` is the closing bracket. */
INTO_LOOP const char *close_container(struct reader *reader, struct hand *hand, const char *at) {
    struct json_node *container = hand->open;
    if (hand->object && container->is.count > FEW_MEMBERS && check_keys(reader, container, at) == NULL)
        return NULL;
    reader->depth--;
    hand->open = container->after == NONE ? NULL : reader->node + container->after;
    hand->object = hand->open != NULL && hand->open->type == NODE_OBJECT;
    container->after = hand->count;
    container->size = (uint32_t)(at + 1 - reader->text) - container->start;
    return at + 1;
}

/* No editor shows a byte order mark, and RFC 8259 has none: it is named. */
READER_SELDOM static const char *refuse_value(struct reader *reader, const char *at) {
    static const struct span mark = SPAN("\xef\xbb\xbf");
    bool marked = at == reader->text && span_starts_with(span_make(at, (size_t)(reader->end - at)), mark);
    return reader_refuse_syntax(reader, at,
                                marked ? "the text begins with a byte order mark: save it as UTF-8 without one"
                                       : "expected a value");
}

static const char *read_word(struct reader *reader, struct json_node *node, const char *at, struct span word,
                             enum node_type type) {
    if (!span_starts_with(span_make(at, (size_t)(reader->end - at)), word))
        return refuse_value(reader, at);
    fill_node(reader, node, type, 0, at, at + word.size);
    node->is.integer = 0;
    return at + word.size;
}

/* Whole numbers of up to 18 digits; the others are left to a call. */
static inline const char *read_number(struct reader *reader, struct json_node *node, const char *start) {
    const char *digits = start + (*start == '-'), *at = digits;
    uint64_t number = 0;
    for (; at < reader->end && (unsigned char)(*at - '0') < 10; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    bool more = at < reader->end && (*at == '.' || (*at | 0x20) == 'e');
    if (more || at == digits || at - digits > 18 || (*digits == '0' && at - digits > 1))
        return reader_number(reader, node, start);
    fill_node(reader, node, NODE_NUMBER, NODE_INTEGER, start, at);
    node->is.integer = digits != start ? -(int64_t)number : (int64_t)number;
    return at;
}

/* A value that is no string, array or object. */
static inline const char *read_other(struct reader *reader, struct json_node *node, const char *at, char byte) {
    if (byte == '-' || (byte >= '0' && byte <= '9'))
        return read_number(reader, node, at);
    if (byte == 't')
        return read_word(reader, node, at, SPAN("true"), NODE_TRUE);
    if (byte == 'f')
        return read_word(reader, node, at, SPAN("false"), NODE_FALSE);
    return read_word(reader, node, at, SPAN("null"), NODE_NULL);
}

/* Reads on from the end of a value to where the next one or a key begins: closes what ends here and takes the comma.
 * NULL at the end of the text, then nothing is open, or when refused. */
INTO_LOOP const char *read_on(struct reader *reader, struct hand *hand, const char *at) {
    if (hand->object && look(reader, hand, at) == ',')
        return at + 1;
    while (hand->open != NULL) {
        if (reach(reader, hand, &at, ',')) {
            hand->open->is.count += !hand->object;
            return at + 1;
        }
        if (look(reader, hand, at) != (hand->object ? '}' : ']'))
            return reader_refuse_syntax(reader, at, hand->object ? "expected ',' or '}'" : "expected ',' or ']'");
        if ((at = close_container(reader, hand, at)) == NULL)
            return NULL;
        if (hand->open != NULL && at < reader->end)
            at = skip_space(reader, hand, at);
        if (hand->open != NULL && at == reader->end)
            return reader_refuse_syntax(reader, at, "");
    }
    at = skip_spaces(at, reader->end);
    return at == reader->end ? NULL
                             : reader_refuse_syntax(reader, at, "expected nothing but white space after the value");
}

/* Returns the number of nodes; whether they are a whole text, the problem says. */
INTO_LOOP uint32_t read_text(struct reader *reader, bool guarded) {
    const char *at = reader->text;
    struct hand hand = {.node = reader->node, .guarded = guarded, .block = at, .odd = odd_of(reader, at)};
    do {
        if (hand.object) {
            if ((at = read_key(reader, &hand, at)) == NULL)
                break;
        } else if (!have_nodes(reader, &hand, 1, at))
            break;
        if (look(reader, &hand, at) != '"')
            at = skip_space(reader, &hand, at);
        char byte = look(reader, &hand, at);
        if (byte == '"') {
            at = read_string(reader, &hand, take_node(&hand), at);
        } else if (byte == '{' || byte == '[') {
            at = open_container(reader, &hand, at);
            if (at == NULL)
                break;
            if (look(reader, &hand, at) != (hand.object ? '}' : ']')) {
                hand.open->is.count = !hand.object;
                continue;
            }
        } else {
            at = read_other(reader, take_node(&hand), at, byte);
        }
        if (at != NULL)
            at = read_on(reader, &hand, at);
    } while (at != NULL);
    return hand.count;
}

/* A text that ends with a closing bracket cannot end anywhere else: whatever stands before it leaves that byte. Then
 * the bracket is the stop. */
static bool ends_with_bracket(struct reader *reader) {
    const char *at = reader->end;
    while (at > reader->text && is_space(at[-1]))
        at--;
    if (at == reader->text || (at[-1] != '}' && at[-1] != ']'))
        return false;
    reader->stop = at - 1;
    return true;
}

static __attribute__((noinline)) uint32_t read_guarded(struct reader *reader) {
    return read_text(reader, true);
}

static __attribute__((noinline)) uint32_t read_freely(struct reader *reader) {
    return read_text(reader, false);
}

/* Line and column are counted only when somebody must be told. */
static void place_problem(const struct reader *reader, struct json_problem *problem) {
    *problem = reader->problem;
    problem->line = 1;
    const char *line = reader->text, *at = reader->text + problem->offset;
    for (const char *end; (end = memchr(line, '\n', (size_t)(at - line))) != NULL; line = end + 1)
        problem->line++;
    problem->column = (uint32_t)(at - line) + 1;
}

static struct json_limits with_defaults(const struct json_limits *limits) {
    struct json_limits all = limits != NULL ? *limits : (struct json_limits){0};
    if (all.size == 0)
        all.size = DEFAULT_SIZE;
    if (all.size > UINT32_MAX - 1)
        all.size = UINT32_MAX - 1;
    if (all.depth == 0)
        all.depth = DEFAULT_DEPTH;
    if (all.members == 0)
        all.members = DEFAULT_MEMBERS;
    if (all.memory == 0)
        all.memory = DEFAULT_MEMORY;
    return all;
}

/* By hand: to clear all of it would take longer than to read a small text. */
static inline void begin(struct reader *reader, struct arena *arena, struct span text,
                         const struct json_limits *limits) {
    reader->text = text.data != NULL ? text.data : "";
    reader->stop = reader->end = reader->text + text.size;
    reader->node = NULL;
    reader->capacity = 0;
    reader->depth = 0;
    reader->side = NULL;
    reader->side_size = reader->side_capacity = 0;
    reader->limits = with_defaults(limits);
    reader->arena = arena;
    reader->problem.fault = JSON_FAULT_NONE;
}

bool json_read(struct arena *arena, struct span text, const struct json_limits *limits, struct json_document *document,
               struct json_problem *problem) {
    struct reader reader;
    uint32_t count = 0;
    begin(&reader, arena, text, limits);
    if (text.size > reader.limits.size)
        reader_refuse(&reader, reader.text + reader.limits.size, JSON_FAULT_SIZE,
                      "the text is longer than the limit allows");
    else if (grow_nodes(&reader, reader.text))
        count = ends_with_bracket(&reader) ? read_freely(&reader) : read_guarded(&reader);
    if (reader.problem.fault != JSON_FAULT_NONE) {
        if (problem != NULL)
            place_problem(&reader, problem);
        return false;
    }
    if (reader.side != NULL)
        arena_resize(arena, reader.side, reader.side_capacity, reader.side_size);
    arena_resize(arena, reader.node, reader.capacity * sizeof *reader.node, count * sizeof *reader.node);
    *document = (struct json_document){
        .source = span_make(reader.text, text.size), .node = reader.node, .count = count, .side = reader.side};
    return true;
}
