/* Reads CSV with libcsv into one block of bytes and one array of hashed slots. No error ever quotes a cell. */
#include "enrich/table.h"

#include "base/buf.h"
#include "base/text.h"
#include "json/document.h"
#include "json/splice.h"

#include <csv.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

/* In `bytes` both sizes stand first, then both texts: a row of a short code and its name takes 2 bytes beside them. */
struct row {
    struct span key;
    struct span answer;
};

/* Of a hash table. Small, so that the slots of many rows lie near. */
struct slot {
    uint32_t hash; /* json_hash of the key; its low bits say where the search begins */
    uint32_t row;  /* where it stands in `bytes`; 0: free, for the first byte is nobody's */
};

/* Finding a row touches two far places: its slot, and its key with the answer behind it. The file is the operator's,
 * and asking for an absent key never grows the table: the hash needs no secret seed. */
struct lookup_table {
    atomic_uint references;
    struct buf bytes;
    struct slot *slots; /* open addressing */
    size_t count;
    size_t capacity;
};

/* Seven bits a byte, the lowest first. */
static void add_size(struct buf *out, size_t size) {
    for (; size > 127; size >>= 7)
        buf_add_byte(out, (char)(size | 128));
    buf_add_byte(out, (char)size);
}

static size_t read_size(const char **at) {
    size_t size = 0;
    unsigned shift = 0;
    for (; (**at & 128) != 0; shift += 7)
        size |= (size_t)(*(*at)++ & 127) << shift;
    size |= (size_t)(unsigned char)**at << shift;
    ++*at;
    return size;
}

static struct row row_at(const struct lookup_table *table, size_t start) {
    const char *at = table->bytes.data + start;
    size_t key_size = read_size(&at), answer_size = read_size(&at);
    return (struct row){span_make(at, key_size), span_make(at + key_size, answer_size)};
}

static bool is_key(struct span own, struct span key) {
    return own.size == key.size && word_same(own.data, key.data, key.size);
}

/* The slot that holds the key, or the free one where it would go; a key without data is like no other. */
static struct slot *locate(const struct lookup_table *table, struct span key, uint32_t hash) {
    for (size_t at = hash;; at++) {
        struct slot *slot = &table->slots[at & (table->capacity - 1)];
        if (slot->row == 0 || (slot->hash == hash && key.data != NULL && is_key(row_at(table, slot->row).key, key)))
            return slot;
    }
}

static bool reserve_slot(struct lookup_table *table) {
    if (8 * (table->count + 1) <= 7 * table->capacity)
        return true;
    struct lookup_table larger = {.capacity = table->capacity == 0 ? 64 : 2 * table->capacity};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].row != 0)
            *locate(&larger, SPAN_NONE, table->slots[i].hash) = table->slots[i];
    free(table->slots);
    table->slots = larger.slots;
    table->capacity = larger.capacity;
    return true;
}

static const uint32_t NONE = UINT32_MAX;

/* The state of one reading. Cells of the current row stand in `cells`, each ended by its entry in `ends`. */
struct reading {
    struct lookup_table *table;
    struct span key;
    struct span value;
    struct buf cells;
    size_t *ends;
    size_t cell_count;
    size_t ends_capacity;
    struct buf answer;
    uint32_t *lines; /* where each row of the table begins in the file */
    size_t lines_capacity;
    struct buf names; /* the header row, as `"name":` each */
    size_t *name_ends;
    size_t columns; /* 0: the header has not come */
    uint32_t key_column;
    uint32_t value_column; /* NONE: the whole row */
    size_t line;           /* where the current row begins */
    bool open;             /* a row has begun */
    bool failed;
    struct error *error;
};

static void fail(struct reading *reading, const char *what) {
    if (!reading->failed)
        error_set(reading->error, "line %zu: %s", reading->line, what);
    reading->failed = true;
}

static void fail_memory(struct reading *reading) {
    if (!reading->failed)
        error_memory(reading->error);
    reading->failed = true;
}

static struct span cell(const struct reading *reading, size_t index) {
    size_t start = index == 0 ? 0 : reading->ends[index - 1];
    return span_from((struct span){buf_span(&reading->cells).data, reading->ends[index]}, start);
}

static void take_cell(void *bytes, size_t size, void *context) {
    struct reading *reading = context;
    if (reading->failed)
        return;
    if (reading->cell_count == reading->ends_capacity) {
        size_t capacity = reading->ends_capacity == 0 ? 16 : 2 * reading->ends_capacity;
        size_t *ends = realloc(reading->ends, capacity * sizeof *ends);
        if (ends == NULL) {
            fail_memory(reading);
            return;
        }
        reading->ends = ends;
        reading->ends_capacity = capacity;
    }
    buf_add(&reading->cells, span_make(bytes, size));
    reading->ends[reading->cell_count++] = reading->cells.size;
    if (reading->cells.failed)
        fail_memory(reading);
}

static uint32_t find_column(const struct reading *reading, struct span name) {
    for (size_t i = 0; i < reading->cell_count; i++)
        if (span_equal(cell(reading, i), name))
            return (uint32_t)i;
    return NONE;
}

/* The nearest name may be quoted: it differs from what the configuration says only by a typing error. */
static void fail_column(struct reading *reading, struct span wanted, struct span also) {
    const char *names[32 + 1] = {NULL};
    struct buf texts[32] = {{0}};
    size_t count = reading->cell_count < 32 ? reading->cell_count : 32;
    for (size_t i = 0; i < count; i++) {
        buf_add(&texts[i], cell(reading, i));
        names[i] = buf_text(&texts[i]);
    }
    const char *near = text_nearest(wanted, names), *more = also.data != NULL ? text_nearest(also, names) : NULL;
    struct buf second = {0};
    if (also.data != NULL)
        buf_printf(&second, "; nor \"" SPAN_FORMAT "\"", SPAN_ARGUMENT(also));
    if (more != NULL)
        buf_printf(&second, "; did you mean \"%s\"?", more);
    error_set(reading->error, "line 1: none of its %zu columns is called \"" SPAN_FORMAT "\"%s%s%s%s",
              reading->cell_count, SPAN_ARGUMENT(wanted), near != NULL ? "; did you mean \"" : "",
              near != NULL ? near : "", near != NULL ? "\"?" : "; its first line must name the columns",
              buf_text(&second));
    buf_finish(&second);
    reading->failed = true;
    for (size_t i = 0; i < count; i++)
        buf_finish(&texts[i]);
}

static void take_header(struct reading *reading) {
    for (size_t i = 1; i < reading->cell_count; i++)
        if (find_column(reading, cell(reading, i)) != i) {
            fail(reading, "two columns have the same name");
            return;
        }
    reading->key_column = find_column(reading, reading->key);
    reading->value_column = reading->value.data == NULL ? NONE : find_column(reading, reading->value);
    bool valueless = reading->value.data != NULL && reading->value_column == NONE;
    if (reading->key_column == NONE || valueless) {
        bool both = reading->key_column == NONE && valueless;
        fail_column(reading, reading->key_column == NONE ? reading->key : reading->value,
                    both ? reading->value : SPAN_NONE);
        return;
    }
    reading->columns = reading->cell_count;
    reading->name_ends = calloc(reading->columns, sizeof *reading->name_ends);
    for (size_t i = 0; i < reading->columns && reading->name_ends != NULL; i++) {
        json_write_string(&reading->names, cell(reading, i));
        buf_add_byte(&reading->names, ':');
        reading->name_ends[i] = reading->names.size;
    }
    if (reading->name_ends == NULL || reading->names.failed)
        fail_memory(reading);
}

static void write_answer(const struct reading *reading, struct buf *out) {
    if (reading->value_column != NONE) {
        json_write_string(out, cell(reading, reading->value_column));
        return;
    }
    for (size_t i = 0; i < reading->columns; i++) {
        size_t start = i == 0 ? 0 : reading->name_ends[i - 1];
        buf_add_byte(out, i == 0 ? '{' : ',');
        buf_add(out, (struct span){reading->names.data + start, reading->name_ends[i] - start});
        json_write_string(out, cell(reading, i));
    }
    buf_add_byte(out, '}');
}

static bool reserve_line(struct reading *reading) {
    if (reading->table->count < reading->lines_capacity)
        return true;
    size_t capacity = reading->lines_capacity == 0 ? 64 : 2 * reading->lines_capacity;
    uint32_t *lines = realloc(reading->lines, capacity * sizeof *lines);
    if (lines == NULL)
        return false;
    reading->lines = lines;
    reading->lines_capacity = capacity;
    return true;
}

/* Rows stand in the order of the file. */
static size_t line_of(const struct reading *reading, size_t row) {
    const struct lookup_table *table = reading->table;
    size_t number = 0;
    for (size_t at = 1; at < row; number++) {
        struct span answer = row_at(table, at).answer;
        at = (size_t)(answer.data + answer.size - table->bytes.data);
    }
    return reading->lines[number];
}

static void take_row(struct reading *reading) {
    struct lookup_table *table = reading->table;
    if (reading->cells.size == 0 && reading->cell_count == reading->columns)
        return; /* spreadsheets leave rows of empty cells behind */
    if (reading->cell_count != reading->columns) {
        fail(reading, reading->cell_count < reading->columns ? "the row has fewer cells than there are columns"
                                                             : "the row has more cells than there are columns");
        return;
    }
    struct span key = cell(reading, reading->key_column);
    if (key.size == 0) {
        fail(reading, "the key is empty");
        return;
    }
    if (table->bytes.size == 0)
        buf_add_byte(&table->bytes, '\0');
    if (!reserve_slot(table) || !reserve_line(reading) || table->bytes.failed) {
        fail_memory(reading);
        return;
    }
    uint32_t hash = json_hash(key);
    struct slot *slot = locate(table, key, hash);
    if (slot->row != 0) {
        error_set(reading->error, "lines %zu and %zu have the same key", line_of(reading, slot->row), reading->line);
        reading->failed = true;
        return;
    }
    size_t start = table->bytes.size;
    buf_clear(&reading->answer);
    write_answer(reading, &reading->answer);
    add_size(&table->bytes, key.size);
    add_size(&table->bytes, reading->answer.size);
    buf_add(&table->bytes, key);
    buf_add(&table->bytes, buf_span(&reading->answer));
    if (reading->answer.failed || table->bytes.failed || table->bytes.size > UINT32_MAX) {
        fail_memory(reading);
        return;
    }
    reading->lines[table->count] = (uint32_t)reading->line;
    *slot = (struct slot){hash, (uint32_t)start};
    table->count++;
}

static void end_row(int byte, void *context) {
    struct reading *reading = context;
    (void)byte;
    if (!reading->failed && reading->columns == 0)
        take_header(reading);
    else if (!reading->failed)
        take_row(reading);
    reading->open = false;
    reading->cell_count = 0;
    buf_clear(&reading->cells);
}

/* What libcsv would take off the ends of a cell: nothing (RFC 4180 section 2, rule 4). */
static int is_space(unsigned char byte) {
    (void)byte;
    return 0;
}

/* `;` where the first line has more of them than of `,`, as in Swedish spreadsheets. */
static unsigned char find_delimiter(struct span csv) {
    size_t commas = 0, semicolons = 0;
    bool quoted = false;
    for (size_t i = 0; i < csv.size && (quoted || csv.data[i] != '\n'); i++) {
        quoted ^= csv.data[i] == '"';
        commas += !quoted && csv.data[i] == ',';
        semicolons += !quoted && csv.data[i] == ';';
    }
    return semicolons > commas ? ';' : ',';
}

static bool is_blank(struct span line) {
    return span_equal(line, SPAN("\n")) || span_equal(line, SPAN("\r\n"));
}

static void explain_parser(struct reading *reading, struct csv_parser *parser) {
    if (csv_error(parser) == CSV_EPARSE)
        fail(reading, "a quote is not allowed here; a cell with quotes is written \"a \"\"b\"\" c\"");
    else
        fail_memory(reading);
}

/* Feeds the parser line by line, to know where a row begins. */
static void read_lines(struct reading *reading, struct csv_parser *parser, struct span csv) {
    for (size_t line = 1; csv.size > 0 && !reading->failed; line++) {
        const char *newline = memchr(csv.data, '\n', csv.size);
        struct span text = {csv.data, newline == NULL ? csv.size : (size_t)(newline - csv.data) + 1};
        csv = span_from(csv, text.size);
        if (!reading->open)
            reading->line = line;
        if (!text_is_utf8(text))
            fail(reading, "is not UTF-8; save the table as \"CSV UTF-8\"");
        else if (reading->open || !is_blank(text)) {
            reading->open = true;
            if (csv_parse(parser, text.data, text.size, take_cell, end_row, reading) != text.size)
                explain_parser(reading, parser);
        }
    }
    if (!reading->failed && csv_fini(parser, take_cell, end_row, reading) != 0)
        fail(reading, "a quoted cell has no end");
    if (!reading->failed && reading->columns == 0)
        fail(reading, "the table is empty; its first line must name the columns");
}

struct lookup_table *lookup_table_create(struct span csv, struct span key, struct span value, struct error *error) {
    struct reading reading = {.key = key, .value = value, .line = 1, .error = error};
    struct csv_parser parser;
    reading.table = calloc(1, sizeof *reading.table);
    if (reading.table == NULL || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        free(reading.table);
        error_memory(error);
        return NULL;
    }
    atomic_init(&reading.table->references, 1);
    if (span_starts_with(csv, SPAN("\xef\xbb\xbf")))
        csv = span_from(csv, 3);
    csv_set_delim(&parser, find_delimiter(csv));
    csv_set_space_func(&parser, is_space);
    read_lines(&reading, &parser, csv);
    csv_free(&parser);
    buf_finish(&reading.cells);
    buf_finish(&reading.names);
    buf_finish(&reading.answer);
    free(reading.lines);
    free(reading.ends);
    free(reading.name_ends);
    if (!reading.failed)
        return reading.table;
    lookup_table_release(reading.table);
    return NULL;
}

struct lookup_table *lookup_table_share(struct lookup_table *table) {
    atomic_fetch_add_explicit(&table->references, 1, memory_order_relaxed);
    return table;
}

void lookup_table_release(struct lookup_table *table) {
    if (table == NULL || atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) != 1)
        return;
    buf_finish(&table->bytes);
    free(table->slots);
    free(table);
}

struct span lookup_table_find(const struct lookup_table *table, struct span key) {
    if (table->count == 0)
        return SPAN_NONE;
    const struct slot *slot = locate(table, key, json_hash(key));
    if (slot->row == 0)
        return SPAN_NONE;
    return row_at(table, slot->row).answer;
}

void lookup_table_foresee(const struct lookup_table *table, struct span key) {
    if (table->count > 0)
        __builtin_prefetch(&table->slots[json_hash(key) & (table->capacity - 1)]);
}

size_t lookup_table_rows(const struct lookup_table *table) {
    return table->count;
}

size_t lookup_table_bytes(const struct lookup_table *table) {
    return sizeof *table + table->bytes.size + table->capacity * sizeof *table->slots;
}
