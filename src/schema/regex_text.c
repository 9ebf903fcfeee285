/* Writes syntax trees for PCRE2: every character that could mean something is written as \x{...}. */
#include "schema/regex_text.h"

enum { REPEAT_MAXIMUM = 65535, TEXT_MAXIMUM = 1 << 20 };

static void write_point(struct buf *out, uint32_t point) {
    if ((point >= '0' && point <= '9') || ((point | 0x20) >= 'a' && (point | 0x20) <= 'z'))
        buf_add_byte(out, (char)point);
    else
        buf_printf(out, "\\x{%x}", (unsigned)point);
}

static void write_class(const struct regex_class *class, struct buf *out) {
    uint32_t single = class->properties == 0 && !class->negated ? regex_set_single(&class->set) : UINT32_MAX;
    if (single != UINT32_MAX) {
        write_point(out, single);
        return;
    }
    buf_add(out, class->negated ? SPAN("[^") : SPAN("["));
    for (uint32_t i = 0; i < class->set.count; i++) {
        write_point(out, class->set.range[i].low);
        if (class->set.range[i].high == class->set.range[i].low)
            continue;
        buf_add_byte(out, '-');
        write_point(out, class->set.range[i].high);
    }
    for (uint32_t i = 0; i < class->properties; i++)
        buf_printf(out, "\\%c{%s}", class->property[i]->negated ? 'P' : 'p', class->property[i]->text);
    buf_add_byte(out, ']');
}

struct writer {
    const struct regex_tree *tree;
    struct buf *out;
    struct error *error;
};

static bool write_node(const struct writer *writer, const struct regex_node *node);

static bool write_children(const struct writer *writer, const struct regex_node *node, struct span between,
                           struct span open) {
    buf_add(writer->out, open);
    for (const struct regex_node *child = node->child; child != NULL; child = child->next) {
        if (child != node->child)
            buf_add(writer->out, between);
        if (!write_node(writer, child))
            return false;
        if (writer->out->size > TEXT_MAXIMUM) /* patterns have 64 KiB at most: only their forms make them so long */
            return error_set(writer->error, "the forms of its look-behinds make the pattern too long for PCRE2: put no "
                                            "look-behind of several lengths into another");
    }
    if (open.size > 0)
        buf_add_byte(writer->out, ')');
    return true;
}

/* Needs no brackets before a quantifier. PCRE2 writes what stands in brackets out as often as it may occur, and skips
 * the quantifier of an empty class. */
static bool is_atom(const struct regex_node *node) {
    if (node == NULL || node->next != NULL)
        return false;
    if (node->type == REGEX_CLASS)
        return node->class->negated || node->class->set.count > 0 || node->class->properties > 0;
    return node->type == REGEX_GROUP || node->type == REGEX_ALTERNATE;
}

static bool write_group(const struct writer *writer, const struct regex_node *node) {
    bool choice = node->child != NULL && node->child->type == REGEX_ALTERNATE && node->child->next == NULL;
    return write_children(writer, choice ? node->child : node, choice ? SPAN("|") : SPAN(""),
                          writer->tree->back ? SPAN("(") : SPAN("(?:"));
}

static bool write_repeat(const struct writer *writer, const struct regex_node *node) {
    if (node->minimum > REPEAT_MAXIMUM || (node->maximum > REPEAT_MAXIMUM && node->maximum != REGEX_UNBOUNDED))
        return error_set(writer->error, "the pattern repeats a group more than 65,535 times: ask for fewer, or use "
                                        "minLength and maxLength");
    if (!write_children(writer, node, SPAN(""), is_atom(node->child) ? SPAN("") : SPAN("(?:")))
        return false;
    if (node->maximum == REGEX_UNBOUNDED)
        buf_printf(writer->out, "{%u,}", (unsigned)node->minimum);
    else
        buf_printf(writer->out, "{%u,%u}", (unsigned)node->minimum, (unsigned)node->maximum);
    if (node->lazy)
        buf_add_byte(writer->out, '?');
    return true;
}

static bool write_node(const struct writer *writer, const struct regex_node *node) {
    struct buf *out = writer->out;
    switch (node->type) {
    case REGEX_EMPTY:
        return true;
    case REGEX_CLASS:
        write_class(node->class, out);
        return true;
    case REGEX_CONCAT:
        return write_children(writer, node, SPAN(""), SPAN(""));
    case REGEX_ALTERNATE:
        return write_children(writer, node, SPAN("|"), SPAN("(?:"));
    case REGEX_REPEAT:
        return write_repeat(writer, node);
    case REGEX_GROUP:
        return write_group(writer, node);
    case REGEX_BACK:
        buf_printf(out, "\\g{%u}", (unsigned)node->index);
        return true;
    case REGEX_START:
        buf_add_byte(out, '^');
        return true;
    case REGEX_END:
        buf_add_byte(out, '$');
        return true;
    case REGEX_WORD:
        buf_add(out, SPAN("\\b"));
        return true;
    case REGEX_NOT_WORD:
        buf_add(out, SPAN("\\B"));
        return true;
    case REGEX_LOOK:
        if (node->behind) /* PCRE2 looks for different lengths only here, not in groups */
            return write_children(writer, node->child->type == REGEX_ALTERNATE ? node->child : node, SPAN("|"),
                                  node->negated ? SPAN("(?<!") : SPAN("(?<="));
        return write_children(writer, node, SPAN(""), node->negated ? SPAN("(?!") : SPAN("(?="));
    }
    return true;
}

bool regex_text_write(const struct regex_tree *tree, struct buf *out, struct error *error) {
    return write_node(&(struct writer){tree, out, error}, tree->root);
}
