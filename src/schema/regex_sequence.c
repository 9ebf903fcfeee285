/* Recognises literals and sequences of classes, and matches the latter. */
#include "schema/regex_sequence.h"

#include "schema/format_utf8.h"

#include <stdlib.h>

enum { ITEMS_MAXIMUM = 512, SEQUENCE_MAXIMUM = 64 };

/* The tree laid out flat: (class, least, most) one after the other. */
struct part {
    const struct regex_set *set;
    uint32_t minimum, maximum;
};

struct layout {
    struct part *part;
    size_t count;
    bool start, end;
    bool back; /* groups may not be looked through */
    struct arena *arena;
    bool memory;
};

static bool add_part(struct layout *layout, struct regex_class *class, uint32_t minimum, uint32_t maximum) {
    if (layout->end || class->unresolvable || layout->count == ITEMS_MAXIMUM)
        return false;
    if (!regex_class_resolve(class, layout->arena)) {
        layout->memory = true;
        return false;
    }
    struct part *last = layout->count > 0 ? &layout->part[layout->count - 1] : NULL;
    if (last != NULL && regex_set_equal(last->set, &class->whole) && minimum < 65536 && last->minimum < 65536) {
        bool unbounded = maximum == REGEX_UNBOUNDED || last->maximum == REGEX_UNBOUNDED ||
                         maximum > REGEX_UNBOUNDED - 1 - last->maximum;
        last->minimum += minimum;
        last->maximum = unbounded ? REGEX_UNBOUNDED : last->maximum + maximum;
        return true;
    }
    if (maximum > 0)
        layout->part[layout->count++] = (struct part){&class->whole, minimum, maximum};
    return true;
}

/* The class that a node is once its groups are looked through, or NULL. */
static struct regex_class *lone_class(const struct layout *layout, const struct regex_node *node) {
    while (node != NULL && (node->type == REGEX_CONCAT || (node->type == REGEX_GROUP && !layout->back))) {
        node = node->child;
        if (node != NULL && node->next != NULL)
            return NULL;
    }
    return node != NULL && node->type == REGEX_CLASS ? node->class : NULL;
}

static bool lay_out(struct layout *layout, const struct regex_node *node) {
    struct regex_class *class = node->type == REGEX_REPEAT ? lone_class(layout, node->child) : node->class;
    switch (node->type) {
    case REGEX_CLASS:
        return add_part(layout, class, 1, 1);
    case REGEX_REPEAT:
        return class != NULL && add_part(layout, class, node->minimum, node->maximum);
    case REGEX_GROUP:
        if (layout->back)
            return false;
        /* fall through */
    case REGEX_CONCAT:
        for (const struct regex_node *child = node->child; child != NULL; child = child->next)
            if (!lay_out(layout, child))
                return false;
        return true;
    case REGEX_START:
        if (layout->count > 0 || layout->end)
            return false;
        layout->start = true;
        return true;
    case REGEX_END:
        layout->end = true;
        return true;
    case REGEX_EMPTY:
        return true;
    case REGEX_ALTERNATE:
    case REGEX_BACK:
    case REGEX_WORD:
    case REGEX_NOT_WORD:
    case REGEX_LOOK:
        break;
    }
    return false;
}

static void add_utf8(struct buf *out, uint32_t point) {
    if (point < 0x80) {
        buf_add_byte(out, (char)point);
    } else if (point < 0x800) {
        buf_add_byte(out, (char)(0xc0 | point >> 6));
        buf_add_byte(out, (char)(0x80 | (point & 0x3f)));
    } else {
        if (point < 0x10000) {
            buf_add_byte(out, (char)(0xe0 | point >> 12));
        } else {
            buf_add_byte(out, (char)(0xf0 | point >> 18));
            buf_add_byte(out, (char)(0x80 | (point >> 12 & 0x3f)));
        }
        buf_add_byte(out, (char)(0x80 | (point >> 6 & 0x3f)));
        buf_add_byte(out, (char)(0x80 | (point & 0x3f)));
    }
}

static bool write_literal(const struct layout *layout, struct buf *literal) {
    for (size_t i = 0; i < layout->count; i++) {
        struct part part = layout->part[i];
        uint32_t point = regex_set_single(part.set);
        if (point == UINT32_MAX || part.minimum != part.maximum || part.minimum > 64)
            return false;
        for (uint32_t n = 0; n < part.minimum; n++)
            add_utf8(literal, point);
    }
    return true;
}

/* Whether taking as many as each item can, one after the other, is always right: an item with a choice must share no
 * character with what can follow it. */
static bool is_decided(const struct layout *layout) {
    for (size_t i = 0; i < layout->count; i++) {
        if (layout->part[i].minimum == layout->part[i].maximum)
            continue;
        for (size_t j = i + 1; j < layout->count; j++) {
            if (regex_set_meets(layout->part[i].set, layout->part[j].set))
                return false;
            if (layout->part[j].minimum > 0)
                break;
        }
    }
    return true;
}

/* ^[^]*$ */
static bool is_anything(const struct layout *layout) {
    if (layout->count != 1 || layout->part[0].minimum > 0 || layout->part[0].maximum != REGEX_UNBOUNDED)
        return false;
    const struct regex_set *set = layout->part[0].set;
    return set->count == 2 && set->range[0].low == 0 && set->range[0].high == 0xd7ff && set->range[1].low == 0xe000 &&
           set->range[1].high == REGEX_POINT_MAXIMUM;
}

/* The classes as bits: *bit for each part. False when there are more than eight. */
static bool number_classes(const struct layout *layout, unsigned char *bit) {
    unsigned next = 1;
    for (size_t i = 0; i < layout->count; i++) {
        size_t same = 0;
        while (!regex_set_equal(layout->part[same].set, layout->part[i].set))
            same++;
        if (same == i && next > 128)
            return false;
        bit[i] = same < i ? bit[same] : (unsigned char)next;
        next <<= same == i;
    }
    return true;
}

/* Sequences of one length, as those of numbers and identifiers are. */
static void find_fixed(struct regex_sequence *sequence) {
    uint32_t fixed = 0;
    for (uint32_t i = 0; i < sequence->count; i++) {
        const struct regex_item *item = &sequence->item[i];
        if (item->minimum != item->maximum || item->beyond || item->minimum > REGEX_FIXED_MAXIMUM - fixed)
            return;
        memset(sequence->bits + fixed, item->bit, item->minimum);
        fixed += item->minimum;
    }
    sequence->fixed = fixed;
}

static struct regex_sequence *make(const struct layout *layout, const unsigned char *bit) {
    size_t ranges = 0;
    for (size_t i = 0; i < layout->count; i++)
        ranges += layout->part[i].set->count;
    struct regex_sequence *sequence;
    size_t bytes = sizeof *sequence + layout->count * sizeof *sequence->item + ranges * sizeof(struct regex_range);
    sequence = calloc(1, bytes);
    if (sequence == NULL)
        return NULL;
    sequence->item = (struct regex_item *)(void *)(sequence + 1);
    sequence->count = (uint32_t)layout->count;
    sequence->end = layout->end;
    sequence->bytes = bytes;
    memset(sequence->lacks, 0xff, sizeof sequence->lacks);
    struct regex_range *room = (struct regex_range *)(void *)(sequence->item + layout->count);
    for (size_t i = 0; i < layout->count; i++) {
        const struct regex_set *set = layout->part[i].set;
        struct regex_item *item = &sequence->item[i];
        *item = (struct regex_item){.minimum = layout->part[i].minimum, .maximum = layout->part[i].maximum};
        item->bit = bit[i];
        item->set = (struct regex_set){.range = room, .count = set->count};
        for (uint32_t r = 0; r < set->count; r++) {
            room[r] = set->range[r];
            for (uint32_t point = room[r].low; point < 0x80 && point <= room[r].high; point++)
                sequence->lacks[point] &= (unsigned char)~bit[i];
            item->beyond = item->beyond || room[r].high >= 0x80;
        }
        room += set->count;
    }
    find_fixed(sequence);
    return sequence;
}

enum regex_shape regex_sequence_take(const struct regex_tree *tree, struct arena *arena, struct buf *literal,
                                     bool *start, bool *end, struct regex_sequence **sequence) {
    struct layout layout = {.back = tree->back, .arena = arena};
    if (tree->back || tree->look || tree->words || tree->properties > 16)
        return REGEX_SHAPE_OTHER;
    layout.part = arena_take(arena, ITEMS_MAXIMUM * sizeof *layout.part);
    if (layout.part == NULL)
        return REGEX_SHAPE_MEMORY;
    if (!lay_out(&layout, tree->root))
        return layout.memory ? REGEX_SHAPE_MEMORY : REGEX_SHAPE_OTHER;
    /* what may be absent at an open end does not matter, nor do more than enough */
    while (!layout.end && layout.count > 0 && layout.part[layout.count - 1].minimum == 0)
        layout.count--;
    if (!layout.end && layout.count > 0)
        layout.part[layout.count - 1].maximum = layout.part[layout.count - 1].minimum;
    *start = layout.start;
    *end = layout.end;
    if ((layout.count == 0 && !(layout.start && layout.end)) || is_anything(&layout))
        return REGEX_SHAPE_ALWAYS;
    if (write_literal(&layout, literal))
        return literal->failed ? REGEX_SHAPE_MEMORY : REGEX_SHAPE_LITERAL;
    buf_clear(literal);
    unsigned char bit[SEQUENCE_MAXIMUM];
    if (!layout.start || layout.count > SEQUENCE_MAXIMUM || !is_decided(&layout) || !number_classes(&layout, bit))
        return REGEX_SHAPE_OTHER;
    *sequence = make(&layout, bit);
    return *sequence != NULL ? REGEX_SHAPE_SEQUENCE : REGEX_SHAPE_MEMORY;
}

void regex_sequence_destroy(struct regex_sequence *sequence) {
    free(sequence);
}

/* Items that may take characters beyond ASCII as well. */
__attribute__((noinline)) static bool match_beyond(const struct regex_sequence *sequence, const struct regex_item *item,
                                                   const char *at, const char *end) {
    for (const struct regex_item *last = sequence->item + sequence->count; item < last; item++) {
        size_t count = 0;
        for (;;) {
            size_t room = (size_t)(end - at), left = item->maximum - count;
            const char *start = at, *stop = at + (left < room ? left : room);
            while (at < stop && (sequence->lacks[(unsigned char)*at] & item->bit) == 0)
                at++;
            count += (size_t)(at - start);
            if (!item->beyond || at == stop || (unsigned char)*at < 0x80)
                break;
            const char *next = at;
            if (!regex_set_has(&item->set, utf8_take(&next, end)))
                break;
            at = next;
            count++;
        }
        if (count < item->minimum)
            return false;
    }
    return !sequence->end || at == end;
}

static inline bool has_four(const unsigned char *lacks, unsigned char bit, const char *at) {
    return ((lacks[(unsigned char)at[0]] | lacks[(unsigned char)at[1]] | lacks[(unsigned char)at[2]] |
             lacks[(unsigned char)at[3]]) &
            bit) == 0;
}

static bool match_items(const struct regex_sequence *sequence, struct span text) {
    const char *at = text.data, *end = text.data + text.size;
    for (const struct regex_item *item = sequence->item, *last = item + sequence->count; item < last; item++) {
        const char *start = at, *stop = (size_t)(end - at) > item->maximum ? at + item->maximum : end;
        while (stop - at >= 4 && has_four(sequence->lacks, item->bit, at))
            at += 4;
        while (at < stop && (sequence->lacks[(unsigned char)*at] & item->bit) == 0)
            at++;
        if (item->beyond && at < stop && (unsigned char)*at >= 0x80)
            return match_beyond(sequence, item, start, end);
        if ((size_t)(at - start) < item->minimum)
            return false;
    }
    return !sequence->end || at == end;
}

/* What any byte lacks of its bit. */
static bool match_fixed(const struct regex_sequence *sequence, struct span text) {
    const unsigned char *at = (const unsigned char *)text.data, *bits = sequence->bits, *lacks = sequence->lacks;
    size_t size = sequence->fixed;
    if (text.size < size || (sequence->end && text.size != size))
        return false;
    unsigned lacking = 0;
    for (; size >= 4; size -= 4, at += 4, bits += 4)
        lacking |=
            (bits[0] & lacks[at[0]]) | (bits[1] & lacks[at[1]]) | (bits[2] & lacks[at[2]]) | (bits[3] & lacks[at[3]]);
    for (size_t i = 0; i < size; i++)
        lacking |= bits[i] & lacks[at[i]];
    return lacking == 0;
}

bool regex_sequence_match(const struct regex_sequence *sequence, struct span text) {
    return sequence->fixed > 0 ? match_fixed(sequence, text) : match_items(sequence, text);
}
