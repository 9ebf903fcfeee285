/* One pass over the bytes that fills an array of nodes, eight bytes of a string at a time. No recursion: an open
 * container keeps its parent's index in `after` until it is closed. */
#include "json/reader.h"

#include "base/text.h"
#include "json/escape_private.h"
#include "json/keys_private.h"
#include "json/number_private.h"
#include "json/word_private.h"

enum { DEFAULT_SIZE = 1 << 20, DEFAULT_DEPTH = 64, DEFAULT_MEMBERS = 65536, DEFAULT_MEMORY = 64 << 20 };

/* Keys of an object up to this many are compared as they come, those of a larger one when it is closed. */
enum { FEW_MEMBERS = 16 };

static const uint32_t NONE = UINT32_MAX;

struct reader {
    const char *text;
    const char *end;
    struct json_node *node;
    uint32_t count;
    uint32_t capacity;
    uint32_t open; /* the innermost open container, or NONE */
    uint32_t depth;
    char *side;
    size_t side_size;
    size_t side_capacity;
    struct json_limits limits;
    struct arena *arena;
    struct json_problem problem; /* without line and column */
};

/* Every step takes the place where it begins and returns the place behind, or NULL when it refused. */
static const char *refuse(struct reader *reader, const char *at, enum json_fault fault, const char *sentence) {
    reader->problem.fault = fault;
    reader->problem.offset = (size_t)(at - reader->text);
    reader->problem.sentence = sentence;
    return NULL;
}

static const char *refuse_syntax(struct reader *reader, const char *at, const char *sentence) {
    return refuse(reader, at, JSON_FAULT_SYNTAX, at == reader->end ? "the text ends too early" : sentence);
}

static const char *refuse_memory(struct reader *reader, const char *at) {
    return refuse(reader, at, JSON_FAULT_MEMORY, "out of memory");
}

static const char *refuse_limit(struct reader *reader, const char *at) {
    return refuse(reader, at, JSON_FAULT_SIZE, "it needs more memory than the limit allows");
}

static bool grow_nodes(struct reader *reader, const char *at) {
    size_t most = (reader->limits.memory - reader->side_capacity) / sizeof *reader->node;
    size_t capacity = 2 * (size_t)reader->capacity;
    if (capacity == 0)
        capacity = (size_t)(reader->end - reader->text) / 8 + 8;
    if (capacity > most)
        capacity = most;
    if (capacity <= reader->capacity)
        return refuse_limit(reader, at) != NULL;
    void *node = arena_resize(reader->arena, reader->node, reader->capacity * sizeof *reader->node,
                              capacity * sizeof *reader->node);
    if (node == NULL)
        return refuse_memory(reader, at) != NULL;
    reader->node = node;
    reader->capacity = (uint32_t)capacity;
    return true;
}

/* The next node, for a value that begins at `at`; its size and what it is are the caller's to say. NULL when refused.
 */
static inline struct json_node *add_node(struct reader *reader, const char *at, enum node_type type, unsigned flags) {
    if (reader->count == reader->capacity && !grow_nodes(reader, at))
        return NULL;
    struct json_node *node = &reader->node[reader->count++];
    node->type = (uint8_t)type;
    node->flags = (uint8_t)flags;
    node->exponent = 0;
    node->after = reader->count;
    node->start = (uint32_t)(at - reader->text);
    return node;
}

static inline bool is_space(char byte) {
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static inline const char *skip_space(const struct reader *reader, const char *at) {
    while (at < reader->end && is_space(*at))
        at++;
    return at;
}

/* --- strings --- */

static bool grow_side(struct reader *reader, const char *at, size_t more) {
    size_t most = reader->limits.memory - reader->capacity * sizeof *reader->node;
    if (most > UINT32_MAX)
        most = UINT32_MAX;
    size_t needed = reader->side_size + more;
    size_t capacity = needed < 256 ? 256 : 2 * needed;
    if (capacity > most)
        capacity = most;
    if (needed > capacity)
        return refuse_limit(reader, at) != NULL;
    char *side = arena_resize(reader->arena, reader->side, reader->side_capacity, capacity);
    if (side == NULL)
        return refuse_memory(reader, at) != NULL;
    reader->side = side;
    reader->side_capacity = capacity;
    return true;
}

/* Decodes the text of a string with escapes into the side text; a decoded text is never longer than its source. */
static bool decode(struct reader *reader, struct json_node *string, const char *at, const char *end) {
    size_t room = sizeof(uint32_t) + (size_t)(end - at);
    if (reader->side_capacity - reader->side_size < room && !grow_side(reader, at, room))
        return false;
    char *start = reader->side + reader->side_size + sizeof(uint32_t);
    char *out = start;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t run = (size_t)((escape != NULL ? escape : end) - at);
        memcpy(out, at, run);
        out += run;
        at += run;
        const char *sentence;
        if (escape == NULL || (at = json_escape_decode(escape, end, '"', &out, &sentence)) != NULL)
            continue;
        refuse_syntax(reader, escape, sentence);
        return false;
    }
    uint32_t size = (uint32_t)(out - start);
    memcpy(start - sizeof size, &size, sizeof size);
    string->is.text.side = (uint32_t)reader->side_size;
    string->is.text.hash = json_hash(span_make(start, size));
    reader->side_size += sizeof size + size;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)start[i] >= 0x80)
            string->flags &= (uint8_t)~NODE_ASCII;
    return true;
}

/* The rest of a string that begins at `start`, from its first byte that is not plain ASCII. */
static const char *read_odd_string(struct reader *reader, const char *start, const char *at) {
    const char *end = reader->end;
    unsigned flags = NODE_ASCII;
    while (at < end && *at != '"') {
        if ((unsigned char)*at >= 0x80) {
            size_t size = text_utf8_size(at, end);
            if (size == 0)
                return refuse(reader, at, JSON_FAULT_UTF8, "the text is not UTF-8");
            flags &= ~(unsigned)NODE_ASCII;
            at += size;
            continue;
        }
        if ((unsigned char)*at < 0x20)
            return refuse_syntax(reader, at, "a control character in a string must be escaped");
        if (*at == '\\') {
            flags |= NODE_ESCAPED;
            at += end - at > 1 && (at[1] == '"' || at[1] == '\\') ? 2 : 1;
            continue;
        }
        uint64_t odd = word_odd(word_load(at, end));
        at += odd != 0 ? word_before(odd) : sizeof odd;
    }
    if (at == end)
        return refuse_syntax(reader, at, "");
    struct json_node *string = add_node(reader, start, NODE_STRING, flags);
    if (string == NULL)
        return NULL;
    string->size = (uint32_t)(at + 1 - start);
    if ((flags & NODE_ESCAPED) == 0)
        string->is.text.hash = json_hash(span_make(start + 1, string->size - 2));
    else if (!decode(reader, string, start + 1, at))
        return NULL;
    return at + 1;
}

/* `at` is the opening quote. Plain ASCII is hashed on the way, as json_hash does it. */
static inline const char *read_string(struct reader *reader, const char *start) {
    const char *at = start + 1;
    uint64_t hash = WORD_HASH_START;
    uint64_t word, odd;
    while ((odd = word_odd(word = word_load(at, reader->end))) == 0) {
        hash = word_hash(hash, word);
        at += sizeof word;
    }
    unsigned plain = word_before(odd);
    at += plain;
    if (at >= reader->end || *at != '"')
        return read_odd_string(reader, start, at);
    struct json_node *string = add_node(reader, start, NODE_STRING, NODE_ASCII);
    if (string == NULL)
        return NULL;
    size_t size = (size_t)(at - start - 1);
    string->size = (uint32_t)size + 2;
    string->is.text.hash = word_hash_end(hash, word_first(word, plain), size);
    return at + 1;
}

/* --- numbers --- */

/* The digits from `at`, added to `*number` (which wraps: who cares looks at how many there were). */
static inline const char *read_digits(const struct reader *reader, const char *at, uint64_t *number) {
    for (; at < reader->end && *at >= '0' && *at <= '9'; at++)
        *number = *number * 10 + (uint64_t)(*at - '0');
    return at;
}

/* The same for the digits of a fraction, which are many: eight in a step. */
static inline const char *read_fraction(const struct reader *reader, const char *at, uint64_t *number) {
    static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    unsigned count;
    do {
        uint64_t value;
        count = word_digits(word_load(at, reader->end), &value);
        *number = *number * powers[count] + value;
        at += count;
    } while (count == 8);
    return at;
}

/* `at` is behind the e. An exponent beyond any use stays beyond any use. */
static const char *read_exponent(struct reader *reader, const char *at, int64_t *exponent) {
    bool negative = at < reader->end && *at == '-';
    if (negative || (at < reader->end && *at == '+'))
        at++;
    const char *start = at;
    int64_t number = 0;
    for (; at < reader->end && *at >= '0' && *at <= '9'; at++)
        if (number < INT32_MAX)
            number = number * 10 + (*at - '0');
    if (at == start)
        return refuse_syntax(reader, at, "an exponent needs a digit");
    *exponent = negative ? -number : number;
    return at;
}

static inline const char *read_number(struct reader *reader, const char *start) {
    bool negative = *start == '-';
    const char *digits = start + negative;
    uint64_t mantissa = 0;
    int64_t exponent = 0;
    const char *at = read_digits(reader, digits, &mantissa);
    if (at == digits)
        return refuse_syntax(reader, at, "a number needs a digit");
    if (*digits == '0' && at - digits > 1)
        return refuse_syntax(reader, digits, "a number must not begin with 0");
    int64_t places = 0;
    if (at < reader->end && *at == '.') {
        const char *fraction = at + 1;
        at = read_fraction(reader, fraction, &mantissa);
        places = at - fraction;
        if (places == 0)
            return refuse_syntax(reader, at, "a decimal point needs a digit behind it");
    }
    size_t written = (size_t)(at - digits);
    if (at < reader->end && (*at | 0x20) == 'e' && (at = read_exponent(reader, at + 1, &exponent)) == NULL)
        return NULL;
    struct json_node *number = add_node(reader, start, NODE_NUMBER, 0);
    if (number == NULL)
        return NULL;
    number->size = (uint32_t)(at - start);
    if (written > 18) {
        json_number_set_long(number, negative, span_make(digits, written), exponent);
    } else if (exponent == places) {
        number->flags = NODE_INTEGER;
        number->is.integer = negative ? -(int64_t)mantissa : (int64_t)mantissa;
    } else {
        json_number_set(number, negative, mantissa, exponent - places);
    }
    return at;
}

/* --- objects --- */

static const char *refuse_duplicate(struct reader *reader, const struct json_node *key) {
    return refuse(reader, reader->text + key->start, JSON_FAULT_DUPLICATE, "the same key twice in one object");
}

static struct json_document so_far(const struct reader *reader) {
    return (struct json_document){.source.data = reader->text, .node = reader->node, .side = reader->side};
}

/* Holds the key that was read last against those before it in its object. */
static inline bool is_new(const struct reader *reader, struct json_node *object) {
    const struct json_node *last = &reader->node[reader->count - 1];
    uint32_t bit = json_filter(last->is.text.hash);
    bool seen = (object->is.filter & bit) != 0;
    object->is.filter |= bit;
    if (!seen || object->is.count > FEW_MEMBERS)
        return true;
    struct json_document document = so_far(reader);
    const struct json_node *key = object + 1;
    while (key != last && !json_keys_equal(&document, key, last))
        key = json_next(&document, key + 1);
    return key == last;
}

static const char *check_keys(struct reader *reader, const struct json_node *object, const char *at) {
    struct json_document document = so_far(reader);
    const struct json_node *twice;
    if (!json_keys_twice(reader->arena, &document, object, &twice))
        return refuse_memory(reader, at);
    return twice == NULL ? at : refuse_duplicate(reader, twice);
}

/* A key and its colon; `at` is where the key should begin. */
static inline const char *read_key(struct reader *reader, const char *at) {
    at = skip_space(reader, at);
    if (at == reader->end || *at != '"')
        return refuse_syntax(reader, at, "expected a key in double quotes");
    struct json_node *object = &reader->node[reader->open];
    if (object->is.count == reader->limits.members)
        return refuse(reader, at, JSON_FAULT_MEMBERS, "an object has more members than the limit allows");
    at = read_string(reader, at);
    if (at == NULL)
        return NULL;
    object = &reader->node[reader->open];
    object->is.count++;
    if (!is_new(reader, object))
        return refuse_duplicate(reader, &reader->node[reader->count - 1]);
    at = skip_space(reader, at);
    if (at == reader->end || *at != ':')
        return refuse_syntax(reader, at, "expected ':'");
    return at + 1;
}

/* --- the whole --- */

static inline const char *open_container(struct reader *reader, const char *at, enum node_type type) {
    if (reader->depth == reader->limits.depth)
        return refuse(reader, at, JSON_FAULT_DEPTH, "arrays and objects are nested deeper than the limit allows");
    struct json_node *container = add_node(reader, at, type, 0);
    if (container == NULL)
        return NULL;
    container->is.count = 0;
    container->is.filter = 0;
    container->after = reader->open;
    reader->open = reader->count - 1;
    reader->depth++;
    return at + 1;
}

/* `at` is the closing bracket. */
static inline const char *close_container(struct reader *reader, const char *at) {
    struct json_node *container = &reader->node[reader->open];
    if (container->type == NODE_OBJECT && container->is.count > FEW_MEMBERS &&
        check_keys(reader, container, at) == NULL)
        return NULL;
    reader->open = container->after;
    reader->depth--;
    container->after = reader->count;
    container->size = (uint32_t)(at + 1 - reader->text) - container->start;
    return at + 1;
}

static inline const char *read_word(struct reader *reader, const char *at, struct span word, enum node_type type) {
    if (!span_starts_with(span_make(at, (size_t)(reader->end - at)), word))
        return refuse_syntax(reader, at, "expected a value");
    struct json_node *node = add_node(reader, at, type, 0);
    if (node == NULL)
        return NULL;
    node->size = (uint32_t)word.size;
    return at + word.size;
}

/* A value that stands at `at`; of an array or object only what opens it. */
static inline const char *read_value(struct reader *reader, const char *at) {
    at = skip_space(reader, at);
    switch (at < reader->end ? *at : '\0') {
    case '"':
        return read_string(reader, at);
    case '{':
        return open_container(reader, at, NODE_OBJECT);
    case '[':
        return open_container(reader, at, NODE_ARRAY);
    case 't':
        return read_word(reader, at, SPAN("true"), NODE_TRUE);
    case 'f':
        return read_word(reader, at, SPAN("false"), NODE_FALSE);
    case 'n':
        return read_word(reader, at, SPAN("null"), NODE_NULL);
    default:
        if (at < reader->end && (*at == '-' || (*at >= '0' && *at <= '9')))
            return read_number(reader, at);
        return refuse_syntax(reader, at, "expected a value");
    }
}

/* Reads on from a value to the place where the next one begins: closes what ends here, takes the comma or, right after
 * an opening bracket (`opened`), none, and the key. NULL at the end of the text, then the depth is 0, or when refused.
 */
static inline const char *read_on(struct reader *reader, const char *at, bool opened) {
    for (;; opened = false) {
        at = skip_space(reader, at);
        if (reader->open == NONE)
            return at == reader->end ? NULL
                                     : refuse_syntax(reader, at, "expected nothing but white space behind the value");
        struct json_node *container = &reader->node[reader->open];
        bool object = container->type == NODE_OBJECT;
        char byte = at < reader->end ? *at : '\0';
        if (byte == (object ? '}' : ']')) {
            at = close_container(reader, at);
            if (at == NULL)
                return NULL;
            continue;
        }
        if (byte == ',' && !opened)
            at++;
        else if (!opened)
            return refuse_syntax(reader, at, object ? "expected ',' or '}'" : "expected ',' or ']'");
        if (object)
            return read_key(reader, at);
        container->is.count++;
        return at;
    }
}

static void read_text(struct reader *reader) {
    const char *at = reader->text;
    while (at != NULL) {
        uint32_t outer = reader->open;
        at = read_value(reader, at);
        if (at != NULL)
            at = read_on(reader, at, reader->open != outer);
    }
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

bool json_read(struct arena *arena, struct span text, const struct json_limits *limits, struct json_document *document,
               struct json_problem *problem) {
    struct reader reader = {
        .text = text.data != NULL ? text.data : "", .open = NONE, .arena = arena, .limits = with_defaults(limits)};
    reader.end = reader.text + text.size;
    if (text.size > reader.limits.size)
        refuse(&reader, reader.text + reader.limits.size, JSON_FAULT_SIZE, "the text is longer than the limit allows");
    else
        read_text(&reader);
    if (reader.problem.fault != JSON_FAULT_NONE) {
        if (problem != NULL)
            place_problem(&reader, problem);
        return false;
    }
    arena_resize(arena, reader.side, reader.side_capacity, reader.side_size);
    arena_resize(arena, reader.node, reader.capacity * sizeof *reader.node, reader.count * sizeof *reader.node);
    *document = (struct json_document){
        .source = span_make(reader.text, text.size), .node = reader.node, .count = reader.count, .side = reader.side};
    return true;
}
