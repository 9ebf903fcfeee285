/* The manual's list of options, in scdoc's language, from the same rows that check them. Holds no sentence of its own
 * about an option. */
#include "settings/reader.h"
#include "settings/settings.h"
#include "settings/types.h"

/* scdoc takes these as marks. */
static void write_plain(struct buf *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (strchr("_*\\#[`", *text) != NULL)
            buf_add_byte(out, '\\');
        buf_add_byte(out, *text);
    }
}

static void write_notation(struct buf *out, const struct option *option) {
    struct buf range = {0};
    option_range(option, &range);
    bool word = option->words != NULL;
    if (!word)
        write_plain(out, option->type->form);
    if (range.size > 0) {
        buf_add_text(out, word ? "" : ", ");
        write_plain(out, buf_text(&range));
    }
    buf_finish(&range);
    if (option->fallback != NULL) {
        buf_add_text(out, "; default ");
        write_plain(out, option->fallback);
    }
    if ((option->flags & OPTION_REQUIRED) != 0)
        buf_add_text(out, "; required");
    buf_add_text(out, ".");
}

static void write_section(struct buf *out, const struct section *section);

static bool is_container(const struct option *option) {
    return option->section != NULL;
}

static void write_option(struct buf *out, const struct option *option) {
    buf_printf(out, "*%s*\n\t", option->name);
    write_plain(out, option->sentence);
    if (option->type == &type_later)
        buf_add_text(out, " Not supported yet.");
    buf_add_byte(out, '\n');
    if (option->type != &type_later && !is_container(option)) {
        buf_add_text(out, "\n\t");
        write_notation(out, option);
        buf_add_byte(out, '\n');
    }
    buf_add_byte(out, '\n');
}

static void write_section(struct buf *out, const struct section *section) {
    for (size_t i = 0; i < section->count; i++)
        write_option(out, &section->options[i]);
    for (size_t i = 0; i < section->count; i++) {
        const struct option *option = &section->options[i];
        if (!is_container(option) || option->section->count == 0)
            continue;
        buf_add_text(out, "## ");
        write_plain(out, option->section->name);
        buf_add_text(out, "\n\n");
        write_section(out, option->section);
    }
}

void settings_write_manual(struct buf *out) {
    buf_add_text(out, "# OPTIONS OF SLUSS.CFG\n\n");
    write_section(out, &section_sluss);
    buf_add_text(out, "# OPTIONS OF ROUTES.D/NAME.CFG\n\n");
    write_section(out, &section_route);
}
