/* Chooses how a pattern runs and runs it. The parts: regex_tree (syntax), regex_sequence, regex_automaton, regex_behind
 * and regex_text (for PCRE2). */
#include "schema/regex.h"

#include "schema/regex_automaton.h"
#include "schema/regex_behind.h"
#include "schema/regex_sequence.h"
#include "schema/regex_text.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

enum {
    MATCH_LIMIT = 100000,
    MATCH_FEW = 1000, /* tried first: to go beyond costs the whole limit */
    HEAP_KIB = 16384,
    STACK_FIRST = 32768, /* bytes of PCRE2's JIT stack */
    STACK_MAXIMUM = 1 << 20,
    NEST_MAXIMUM = 1000, /* of PCRE2: our parser stops at 200 groups, each repeat adds a group */
};

struct regex {
    enum regex_kind kind;
    struct buf literal;
    struct regex_sequence *sequence;
    struct regex_automaton *automaton;
    pcre2_code *code;
    size_t code_bytes;
    uint32_t work;
    bool jit;
};

struct regex_context {
    pcre2_match_data *data;
    pcre2_match_context *limits;
    pcre2_jit_stack *stack;
    uint32_t limit;
    uint32_t spent;
};

/* PCRE2's memory is taken here, so that it fails where a test says so. */
static void *take(size_t size, void *unused) {
    (void)unused;
    return malloc(size);
}

static void give(void *block, void *unused) {
    (void)unused;
    free(block);
}

/* Takes over a literal or a sequence where the tree is one. False when memory is short. */
static bool try_sequence(struct regex *regex, const struct regex_tree *tree, struct arena *arena, bool *done) {
    bool start = false, end = false;
    *done = true;
    switch (regex_sequence_take(tree, arena, &regex->literal, &start, &end, &regex->sequence)) {
    case REGEX_SHAPE_ALWAYS:
        regex->kind = REGEX_ALWAYS;
        return true;
    case REGEX_SHAPE_LITERAL:
        regex->kind = start ? (end ? REGEX_EXACT : REGEX_PREFIX) : (end ? REGEX_SUFFIX : REGEX_CONTAINS);
        return true;
    case REGEX_SHAPE_SEQUENCE:
        regex->kind = REGEX_SEQUENCE;
        return true;
    case REGEX_SHAPE_OTHER:
        *done = false;
        return true;
    case REGEX_SHAPE_MEMORY:
        break;
    }
    return false;
}

static bool try_automaton(struct regex *regex, const struct regex_tree *tree, struct arena *arena, bool *done) {
    enum regex_fit fit = regex_automaton_make(tree, arena, &regex->automaton, &regex->work);
    *done = fit == REGEX_FITS;
    if (!*done)
        return fit != REGEX_NO_MEMORY;
    regex->kind = regex_automaton_is_always(regex->automaton)  ? REGEX_ALWAYS
                  : regex_automaton_is_never(regex->automaton) ? REGEX_NEVER
                                                               : REGEX_AUTOMATON;
    if (regex->kind != REGEX_AUTOMATON) {
        regex_automaton_destroy(regex->automaton);
        regex->automaton = NULL;
    }
    return true;
}

static bool refuse(int code, struct error *error) {
    char message[160] = "";
    if (code == PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH)
        return error_set(error, "a look-behind that can be of several lengths is not supported beside back references: "
                                "give each of its alternatives one length");
    pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof message);
    return error_set(error, "PCRE2 refuses the pattern: %s", message);
}

static bool compile_pcre2(struct regex *regex, const struct regex_tree *tree, unsigned flags, struct error *error) {
    struct buf text = {0};
    bool good = regex_text_write(tree, &text, error);
    const char *pattern = buf_text(&text);
    pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
    pcre2_compile_context *context = memory != NULL ? pcre2_compile_context_create(memory) : NULL;
    if (good && (text.failed || context == NULL))
        good = error_memory(error);
    if (good) {
        int code = 0;
        PCRE2_SIZE offset = 0, bytes = 0;
        uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF |
                           PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_UTF_CHECK;
        pcre2_set_parens_nest_limit(context, NEST_MAXIMUM);
        regex->kind = REGEX_PCRE2;
        regex->code = pcre2_compile((PCRE2_SPTR)pattern, text.size, options, &code, &offset, context);
        if (regex->code == NULL) {
            good = code == PCRE2_ERROR_HEAP_FAILED ? error_memory(error) : refuse(code, error);
        } else {
            if ((flags & REGEX_NO_JIT) == 0)
                regex->jit = pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) == 0;
            if (pcre2_pattern_info(regex->code, PCRE2_INFO_SIZE, &bytes) == 0)
                regex->code_bytes += bytes;
            if (regex->jit && pcre2_pattern_info(regex->code, PCRE2_INFO_JITSIZE, &bytes) == 0)
                regex->code_bytes += bytes;
        }
    }
    pcre2_compile_context_free(context);
    pcre2_general_context_free(memory);
    buf_finish(&text);
    return good;
}

struct regex *regex_create(struct span pattern, unsigned flags, size_t *position, struct error *error) {
    struct regex *regex = calloc(1, sizeof *regex);
    if (regex == NULL) {
        error_memory(error);
        return NULL;
    }
    struct arena arena;
    struct regex_tree tree;
    size_t place = 0;
    bool memory = false, done = false;
    arena_init(&arena, 0);
    bool good = regex_tree_parse(pattern, &arena, &tree, &place, &memory, error);
    if (good && (flags & REGEX_NO_AUTOMATON) == 0) {
        good = try_sequence(regex, &tree, &arena, &done);
        if (good && !done && (flags & REGEX_QUICK) == 0)
            good = try_automaton(regex, &tree, &arena, &done);
        if (!good)
            error_memory(error);
    }
    if (good && !done) {
        good = regex_behind_rewrite(&tree, &arena, &memory, error) && compile_pcre2(regex, &tree, flags, error);
        if (memory)
            error_memory(error);
    }
    arena_finish(&arena);
    if (position != NULL)
        *position = place;
    if (good)
        return regex;
    regex_destroy(regex);
    return NULL;
}

void regex_destroy(struct regex *regex) {
    if (regex == NULL)
        return;
    buf_finish(&regex->literal);
    regex_sequence_destroy(regex->sequence);
    regex_automaton_destroy(regex->automaton);
    pcre2_code_free(regex->code);
    free(regex);
}

enum regex_kind regex_kind(const struct regex *regex) {
    return regex->kind;
}

struct span regex_literal(const struct regex *regex) {
    bool literal = regex->kind == REGEX_EXACT || regex->kind == REGEX_PREFIX || regex->kind == REGEX_SUFFIX ||
                   regex->kind == REGEX_CONTAINS;
    return literal ? buf_span(&regex->literal) : SPAN_NONE;
}

const struct regex_sequence *regex_sequence(const struct regex *regex) {
    return regex->sequence;
}

const struct regex_automaton *regex_automaton(const struct regex *regex) {
    return regex->automaton;
}

size_t regex_bytes(const struct regex *regex) {
    return sizeof *regex + regex->literal.capacity + regex->code_bytes +
           (regex->sequence != NULL ? regex->sequence->bytes : 0) +
           (regex->automaton != NULL ? regex_automaton_bytes(regex->automaton) : 0);
}

uint32_t regex_work(const struct regex *regex) {
    return regex->work;
}

struct regex_context *regex_context_create(uint32_t match_limit) {
    struct regex_context *context = calloc(1, sizeof *context);
    if (context == NULL)
        return NULL;
    pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
    if (memory != NULL) {
        context->data = pcre2_match_data_create(1, memory);
        context->limits = pcre2_match_context_create(memory);
        context->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MAXIMUM, memory);
    }
    pcre2_general_context_free(memory);
    if (context->data == NULL || context->limits == NULL) { /* without the stack JIT code makes do with the thread's */
        regex_context_destroy(context);
        return NULL;
    }
    context->limit = match_limit != 0 ? match_limit : MATCH_LIMIT;
    pcre2_set_heap_limit(context->limits, HEAP_KIB);
    if (context->stack != NULL)
        pcre2_jit_stack_assign(context->limits, NULL, context->stack);
    return context;
}

void regex_context_destroy(struct regex_context *context) {
    if (context == NULL)
        return;
    pcre2_match_data_free(context->data);
    pcre2_match_context_free(context->limits);
    pcre2_jit_stack_free(context->stack);
    free(context);
}

static int run_pcre2(const struct regex *regex, struct span text, struct regex_context *context, uint32_t limit) {
    PCRE2_SPTR bytes = (PCRE2_SPTR)text.data;
    pcre2_set_match_limit(context->limits, limit);
    int code = pcre2_match(regex->code, bytes, text.size, 0, PCRE2_NO_UTF_CHECK, context->data, context->limits);
    if (code == PCRE2_ERROR_JIT_STACKLIMIT) /* the interpreter keeps its frames on the heap */
        code = pcre2_match(regex->code, bytes, text.size, 0, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, context->data,
                           context->limits);
    return code;
}

/* PCRE2 does not tell what a match took, only whether it was more than a limit. */
static enum regex_result match_pcre2(const struct regex *regex, struct span text, struct regex_context *context) {
    uint32_t few = MATCH_FEW < context->limit ? MATCH_FEW : context->limit;
    int code = run_pcre2(regex, text, context, few);
    if (code == PCRE2_ERROR_MATCHLIMIT && few < context->limit) {
        context->spent += context->limit;
        code = run_pcre2(regex, text, context, context->limit);
    }
    if (code == PCRE2_ERROR_NOMEMORY)
        return REGEX_SHORTAGE;
    return code >= 0 ? REGEX_MATCH : code == PCRE2_ERROR_NOMATCH ? REGEX_NO_MATCH : REGEX_ERROR;
}

enum regex_result regex_match(const struct regex *regex, struct span text, struct regex_context *context) {
    struct span literal = {regex->literal.data, regex->literal.size};
    bool match = false;
    if (text.data == NULL)
        text = SPAN("");
    switch (regex->kind) {
    case REGEX_SEQUENCE:
        match = regex_sequence_match(regex->sequence, text);
        break;
    case REGEX_AUTOMATON:
        match = regex_automaton_match(regex->automaton, text);
        break;
    case REGEX_ALWAYS:
    case REGEX_NEVER:
        match = regex->kind == REGEX_ALWAYS;
        break;
    case REGEX_EXACT:
        match = span_equal(text, literal);
        break;
    case REGEX_PREFIX:
        match = span_starts_with(text, literal);
        break;
    case REGEX_SUFFIX:
        match = span_ends_with(text, literal);
        break;
    case REGEX_CONTAINS:
        match = text.size >= literal.size && memmem(text.data, text.size, literal.data, literal.size) != NULL;
        break;
    case REGEX_PCRE2:
        return match_pcre2(regex, text, context);
    }
    return match ? REGEX_MATCH : REGEX_NO_MATCH;
}

uint32_t regex_context_spent(struct regex_context *context) {
    uint32_t spent = context->spent;
    context->spent = 0;
    return spent;
}

bool regex_is_valid(struct span pattern, struct arena *arena, bool *memory, struct error *error) {
    struct regex_tree tree;
    size_t position;
    *memory = false;
    return regex_tree_parse(pattern, arena, &tree, &position, memory, error);
}
