/* The five outputs, written from the tree of units. They decide nothing. */
#include "schema/explain.h"

#include "json/splice.h"

/* One output in the making. */
struct writer {
    struct buf *out;
    struct arena *arena;
    bool valid; /* of the whole: which units are listed */
    bool any;
};

static struct span keyword_name(const struct unit *unit) {
    return json_text(&unit->schema->resource->text->json, unit->keyword->key);
}

static void text_member(struct buf *out, const char *name, struct span text) {
    buf_printf(out, "\"%s\":", name);
    json_write_string(out, text.data != NULL ? text : SPAN(""));
}

static void write_locations(struct writer *writer, const struct unit *unit, const char *path, const char *location) {
    struct buf *out = writer->out;
    struct span absolute = complaint_location(unit->schema, unit->keyword, writer->arena);
    out->failed |= absolute.data == NULL;
    text_member(out, path, unit->path);
    buf_add_byte(out, ',');
    text_member(out, location, absolute);
    buf_add_byte(out, ',');
    text_member(out, "instanceLocation", unit->instance);
}

/* 2020-12: a flat list of the units that failed, or of the annotations. */
static void write_basic_units(struct writer *writer, const struct unit *unit) {
    if (unit->valid != writer->valid)
        return;
    bool said = writer->valid ? unit->annotation.data != NULL : unit->sentence.data != NULL || unit->first == NULL;
    if (said || (!writer->valid && unit->keyword != NULL)) {
        struct buf *out = writer->out;
        buf_add_text(out, writer->any ? ",{" : "{");
        writer->any = true;
        if (writer->valid)
            buf_add_text(out, "\"valid\":true,");
        else
            buf_add_text(out, "\"valid\":false,");
        write_locations(writer, unit, "keywordLocation", "absoluteKeywordLocation");
        buf_add_byte(out, ',');
        if (writer->valid) {
            buf_add_text(out, "\"annotation\":");
            buf_add(out, unit->annotation);
        } else {
            text_member(out, "error",
                        unit->sentence.data != NULL ? unit->sentence : SPAN("a schema below this one is not met"));
        }
        buf_add_byte(out, '}');
    }
    for (const struct unit *one = unit->first; one != NULL; one = one->next)
        write_basic_units(writer, one);
}

static void write_basic(struct writer *writer, const struct unit *root) {
    size_t mark = writer->out->size;
    buf_printf(writer->out, "{\"valid\":%s,\"%s\":[", root->valid ? "true" : "false",
               root->valid ? "annotations" : "errors");
    write_basic_units(writer, root);
    if (writer->any) {
        buf_add_text(writer->out, "]}");
    } else if (!writer->out->failed) { /* nothing to list */
        writer->out->size = mark;
        buf_add_text(writer->out, root->valid ? "{\"valid\":true}" : "{\"valid\":false,\"errors\":[]}");
    }
}

static bool speaks(const struct unit *unit, bool valid) {
    if (unit->valid != valid)
        return false;
    if (valid ? unit->annotation.data != NULL : unit->sentence.data != NULL)
        return true;
    for (const struct unit *one = unit->first; one != NULL; one = one->next)
        if (speaks(one, valid))
            return true;
    return false;
}

/* 2020-12: nested; a unit with one child and nothing of its own to say is replaced by the child. */
static void write_detailed(struct writer *writer, const struct unit *unit, bool top) {
    const struct unit *only = NULL;
    size_t count = 0;
    for (const struct unit *one = unit->first; one != NULL; one = one->next)
        if (speaks(one, writer->valid)) {
            only = one;
            count++;
        }
    bool own = writer->valid ? unit->annotation.data != NULL : unit->sentence.data != NULL;
    if (!own && count == 1 && !top) {
        write_detailed(writer, only, false);
        return;
    }
    struct buf *out = writer->out;
    buf_printf(out, "{\"valid\":%s,", writer->valid ? "true" : "false");
    write_locations(writer, unit, "keywordLocation", "absoluteKeywordLocation");
    if (own) {
        buf_add_byte(out, ',');
        if (writer->valid) {
            buf_add_text(out, "\"annotation\":");
            buf_add(out, unit->annotation);
        } else {
            text_member(out, "error", unit->sentence);
        }
    }
    if (count > 0) {
        buf_printf(out, ",\"%s\":[", writer->valid ? "annotations" : "errors");
        bool any = false;
        for (const struct unit *one = unit->first; one != NULL; one = one->next) {
            if (!speaks(one, writer->valid))
                continue;
            if (any)
                buf_add_byte(out, ',');
            any = true;
            write_detailed(writer, one, false);
        }
        buf_add_byte(out, ']');
    }
    buf_add_byte(out, '}');
}

/* The next specification: what the keywords of one schema said, as an object by keyword. */
static void write_said(struct writer *writer, const struct unit *schema, const char *member, bool errors) {
    struct buf *out = writer->out;
    bool any = false;
    if (errors && schema->sentence.data != NULL) { /* the schema `false` */
        buf_printf(out, ",\"%s\":{\"\":", member);
        json_write_string(out, schema->sentence);
        any = true;
    }
    for (const struct unit *one = schema->first; one != NULL; one = one->next) {
        struct span text = errors ? one->sentence : one->annotation;
        if (one->keyword == NULL || text.data == NULL || (errors && one->valid))
            continue;
        if (!any)
            buf_printf(out, ",\"%s\":{", member);
        else
            buf_add_byte(out, ',');
        any = true;
        json_write_string(out, keyword_name(one));
        buf_add_byte(out, ':');
        if (errors)
            json_write_string(out, text);
        else
            buf_add(out, text);
    }
    if (any)
        buf_add_byte(out, '}');
}

/* One schema without its details, the object left open. */
static void write_schema(struct writer *writer, const struct unit *schema) {
    struct buf *out = writer->out;
    buf_printf(out, "{\"valid\":%s,", schema->valid ? "true" : "false");
    write_locations(writer, schema, "evaluationPath", "schemaLocation");
    write_said(writer, schema, schema->valid ? "annotations" : "droppedAnnotations", false);
    if (!schema->valid)
        write_said(writer, schema, "errors", true);
}

static void write_list(struct writer *writer, const struct unit *unit) {
    if (unit->keyword == NULL) {
        if (writer->any)
            buf_add_byte(writer->out, ',');
        writer->any = true;
        write_schema(writer, unit);
        buf_add_byte(writer->out, '}');
    }
    for (const struct unit *one = unit->first; one != NULL; one = one->next)
        write_list(writer, one);
}

static void write_hierarchy(struct writer *writer, const struct unit *schema) {
    struct buf *out = writer->out;
    write_schema(writer, schema);
    bool any = false;
    for (const struct unit *keyword = schema->first; keyword != NULL; keyword = keyword->next)
        for (const struct unit *one = keyword->first; one != NULL; one = one->next) {
            buf_add_text(out, any ? "," : ",\"details\":[");
            any = true;
            write_hierarchy(writer, one);
        }
    buf_add_text(out, any ? "]}" : "}");
}

void output_write(const struct unit *root, enum schema_output output, struct arena *arena, struct buf *out) {
    struct writer writer = {.out = out, .arena = arena, .valid = root->valid};
    switch (output) {
    case SCHEMA_OUTPUT_FLAG:
        buf_printf(out, "{\"valid\":%s}", root->valid ? "true" : "false");
        break;
    case SCHEMA_OUTPUT_LIST:
        buf_printf(out, "{\"valid\":%s,\"details\":[", root->valid ? "true" : "false");
        write_list(&writer, root);
        buf_add_text(out, "]}");
        break;
    case SCHEMA_OUTPUT_HIERARCHICAL:
        write_hierarchy(&writer, root);
        break;
    case SCHEMA_OUTPUT_BASIC:
        write_basic(&writer, root);
        break;
    case SCHEMA_OUTPUT_DETAILED:
        write_detailed(&writer, root, true);
        break;
    }
}
