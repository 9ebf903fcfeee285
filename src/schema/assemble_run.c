/* Runs in the making: ops are added in any order, and laid once without those that say nothing of their own. */
#include "schema/assembler.h"

enum {
    MOST_INLINE = 12,
    MOST_LOOKS = 64, /* ops that one is compared with */
};
enum { DROPPED = UINT8_MAX }; /* a cost that no op has */

const struct op program_fail[] = {{.code = OP_FAIL, .last = true}};

struct proto *run_add(struct assembler *assembler, struct run *run, enum op_code code, unsigned cost) {
    if (run->count == run->room) {
        uint32_t room = run->room == 0 ? 4 : run->room * 2;
        struct proto *more = assembler_take(assembler, room * sizeof *more);
        if (run->count > 0)
            memcpy(more, run->proto, run->count * sizeof *more);
        run->proto = more;
        run->room = room;
    }
    struct proto *proto = &run->proto[run->count++];
    *proto = (struct proto){.op = {.code = (uint8_t)code}, .cost = (uint8_t)cost};
    return proto;
}

void run_fail(struct run *run) {
    run->fails = true;
    run->count = 0;
}

void run_append(struct assembler *assembler, struct run *run, struct run *other) {
    if (run->fails)
        return;
    if (other->fails) {
        run_fail(run);
    } else if (other->count > MOST_INLINE) {
        for (uint32_t i = 0; i < run->count; i++)
            if (run->proto[i].called == other)
                return; /* twice says no more than once */
        run_add(assembler, run, OP_CALL, 5)->called = other;
    } else {
        for (uint32_t i = 0; i < other->count; i++) {
            struct proto copy = other->proto[i];
            *run_add(assembler, run, (enum op_code)copy.op.code, copy.cost) = copy;
        }
    }
}

/* --- what says nothing of its own --- */

static bool is_same(const struct proto *one, const struct proto *other) {
    return one->op.code == other->op.code && one->op.flags == other->op.flags && one->op.arg == other->op.arg &&
           one->op.one.low == other->op.one.low && one->op.two.high == other->op.two.high &&
           one->group == other->group && one->called == other->called;
}

/* Two limits of the same sort are one, the tighter of each. */
static bool take_limits(struct op *op, const struct op *other) {
    if (op->code != other->code || (op->code != OP_LENGTH && op->code != OP_COUNT && op->code != OP_RANGE))
        return false;
    op->flags |= other->flags;
    if (other->one.low > op->one.low)
        op->one.low = other->one.low;
    if (other->two.high < op->two.high)
        op->two.high = other->two.high;
    return true;
}

static void drop_repeated(struct run *run) {
    for (uint32_t i = 1; i < run->count; i++)
        for (uint32_t j = i > MOST_LOOKS ? i - MOST_LOOKS : 0; j < i; j++)
            if (run->proto[j].cost != DROPPED &&
                (is_same(&run->proto[j], &run->proto[i]) || take_limits(&run->proto[j].op, &run->proto[i].op))) {
                run->proto[i].cost = DROPPED;
                break;
            }
}

static bool is_text(const struct text *one, struct span text, uint32_t hash) {
    return one->hash == hash && span_equal(span_make(one->data, one->size), text);
}

static bool is_among(const struct strings *strings, struct span text, uint32_t hash) {
    for (uint32_t at = hash & strings->mask; strings->slot[at].size != TEXT_FREE; at = (at + 1) & strings->mask)
        if (is_text(&strings->slot[at], text, hash))
            return true;
    return false;
}

static bool length_holds(const struct op *op, struct span text) {
    int64_t length = 0;
    for (size_t i = 0; i < text.size; i++)
        length += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return length >= op->one.low && length <= op->two.high;
}

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_LATER };

/* What an op will say of a fixed string. */
static enum answer ask(const struct op *op, const struct text *fixed) {
    struct span text = {fixed->data, fixed->size};
    bool holds;
    switch ((int)op->code) {
    case OP_LENGTH:
        holds = length_holds(op, text);
        break;
    case OP_STRING:
        holds = is_text(op->one.text, text, fixed->hash);
        break;
    case OP_STRINGS:
        holds = is_among(op->one.strings, text, fixed->hash);
        break;
    case OP_SEQUENCE:
        holds = regex_sequence_match(op->one.sequence, text);
        break;
    case OP_AUTOMATON:
        holds = regex_automaton_match(op->one.automaton, text);
        break;
    case OP_FORMAT:
        if (op->one.format->holds == NULL)
            return ANSWER_LATER;
        holds = op->one.format->holds(text);
        break;
    default:
        return ANSWER_LATER;
    }
    return holds ? ANSWER_YES : ANSWER_NO;
}

static enum answer ask_all(const struct op *op, const struct strings *strings) {
    enum answer all = ANSWER_YES;
    for (uint32_t i = 0; i <= strings->mask && all == ANSWER_YES; i++)
        if (strings->slot[i].size != TEXT_FREE)
            all = ask(op, &strings->slot[i]);
    return all == ANSWER_YES ? ANSWER_YES : ANSWER_LATER;
}

/* Where the string can only be one of few, what else is said of it is known now. */
static void drop_known(struct run *run) {
    for (uint32_t i = 0; i < run->count; i++) {
        const struct proto *fixed = &run->proto[i];
        bool one = fixed->op.code == OP_STRING;
        if (fixed->cost == DROPPED || (!one && fixed->op.code != OP_STRINGS))
            continue;
        for (uint32_t j = 0; j < run->count; j++) {
            struct proto *other = &run->proto[j];
            if (j == i || other->cost == DROPPED)
                continue;
            enum answer answer = one ? ask(&other->op, fixed->op.one.text) : ask_all(&other->op, fixed->op.one.strings);
            if (answer == ANSWER_NO) {
                run_fail(run);
                return;
            }
            if (answer == ANSWER_YES)
                other->cost = DROPPED;
        }
    }
}

static void tidy(struct run *run) {
    drop_repeated(run);
    drop_known(run);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < run->count; i++)
        if (run->proto[i].cost != DROPPED)
            run->proto[kept++] = run->proto[i];
    run->count = kept;
    for (uint32_t i = 1; i < run->count; i++) /* by cost, otherwise in order */
        for (uint32_t j = i; j > 0 && run->proto[j - 1].cost > run->proto[j].cost; j--) {
            struct proto swap = run->proto[j];
            run->proto[j] = run->proto[j - 1];
            run->proto[j - 1] = swap;
        }
}

const struct op *run_lay(struct assembler *assembler, struct run *run) {
    if (run->fails)
        return program_fail;
    if (run->start != NULL || run->count == 0)
        return run->start;
    members_merge(assembler, run);
    tidy(run);
    if (run->fails)
        return program_fail;
    struct op *ops = assembler_keep(assembler, (run->count + 1) * sizeof *ops);
    for (uint32_t i = 0; i < run->count; i++) {
        ops[i] = run->proto[i].op;
        if (run->proto[i].group != NULL)
            ops[i].one.members = members_lay(assembler, run->proto[i].group);
        if (run->proto[i].called != NULL)
            ops[i].one.run = run_lay(assembler, run->proto[i].called);
    }
    ops[run->count - 1].last = true;
    assembler->program->ops += run->count + 1;
    run->start = ops;
    return ops;
}
