/* The sample events. Persons and numbers in them do not exist. */
#include "ctl/sample.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>

enum { DOZEN = 12, CASES = 5, BREAKS = 6 };

const char *fate_name(enum fate fate) {
    static const char *const names[FATE_COUNT] = {"waiting", "delivered", "dead-lettered", "filtered"};
    return names[fate];
}

static enum sample_kind kind_of(size_t number) {
    switch (number % DOZEN) {
    case 4:
        return SAMPLE_NOT_JSON;
    case 7:
        return SAMPLE_NOT_VALID;
    case 10:
        return SAMPLE_TOMBSTONE;
    default:
        return SAMPLE_GOOD;
    }
}

/* How many good samples there are up to this number. */
static size_t good_until(size_t number) {
    size_t good = number / DOZEN * (DOZEN - 3);
    for (size_t last = number - number % DOZEN + 1; last <= number; last++)
        good += kind_of(last) == SAMPLE_GOOD;
    return good;
}

static enum sample_break break_of(size_t number) {
    size_t good = good_until(number);
    return good % 3 == 0 ? (enum sample_break)(1 + (good / 3 - 1) % BREAKS) : BREAK_NONE;
}

static void expect(struct sample *sample) {
    static const char *const reasons[] = {"", "not-json", "schema", ""};
    sample->reason = reasons[sample->kind];
    sample->fate = sample->kind == SAMPLE_TOMBSTONE ? FATE_FILTERED
                   : sample->kind == SAMPLE_GOOD    ? FATE_DELIVERED
                                                    : FATE_DEAD_LETTERED;
    if (sample->broken == BREAK_REFUSED || sample->broken == BREAK_UNKNOWN_CODE) {
        sample->fate = FATE_DEAD_LETTERED;
        sample->reason = sample->broken == BREAK_REFUSED ? "refused" : "lookup-absent";
    }
}

struct sample sample_make(size_t number, bool breaks) {
    struct sample sample = {.number = number, .kind = kind_of(number)};
    if (breaks && sample.kind == SAMPLE_GOOD)
        sample.broken = break_of(number);
    bool of_bygglov = number % 2 == 1 || sample.broken == BREAK_UNKNOWN_CODE;
    sample.route = of_bygglov ? "bygglov" : "felanmalan";
    sample.topic = of_bygglov ? "bygglov.arende.v1" : "felanmalan.arende.v1";
    expect(&sample);
    return sample;
}

static bool is_bygglov(const struct sample *sample) {
    return sample->route[0] == 'b';
}

/* The mistake that most systems make once: 0120 as a number is no JSON, 120 is no municipality. */
static const char *kommunkod(const struct sample *sample) {
    return sample->kind == SAMPLE_NOT_JSON ? "0120" : sample->kind == SAMPLE_NOT_VALID ? "120" : "\"0120\"";
}

static void write_envelope(const struct sample *sample, const char *subject, struct span time, struct buf *value) {
    buf_printf(value,
               "{\"specversion\":\"1.0\",\"id\":\"sandbox-%zu\",\"source\":\"https://id.varmdo.example/system/%s\","
               "\"type\":\"se.kommun.%s.status-andrad.v1\",\"subject\":\"%s\",\"time\":\"" SPAN_FORMAT
               "\",\"datacontenttype\":\"application/json\",\"data\":{\"kommunkod\":%s,",
               sample->number, sample->route, sample->route, subject, SPAN_ARGUMENT(time), kommunkod(sample));
}

static void write_bygglov(const struct sample *sample, struct span time, struct buf *key, struct buf *value) {
    static const char *const codes[] = {"ANM", "UTSKICK", "KOMP", "UNDER", "KOMPTEK", "BESLUT", "SLU"};
    size_t number = sample->number, one = number / 2 % CASES;
    const char *code =
        sample->broken == BREAK_UNKNOWN_CODE ? "NYKOD" : codes[number / 2 % (sizeof codes / sizeof *codes)];
    char subject[32];
    (void)snprintf(subject, sizeof subject, "BYGG 2026-%06zu", 100 + one);
    buf_printf(key, "%zu", 204100 + one);
    if (sample->kind == SAMPLE_TOMBSTONE)
        return;
    write_envelope(sample, subject, time, value);
    buf_printf(value,
               "\"arendeId\":\"%zu\",\"diarienummer\":\"%s\",\"statuskod\":\"%s\",\"andrad\":\"" SPAN_FORMAT
               "\",\"arendetyp\":\"NYBYGGNAD_ANSOKAN_OM_BYGGLOV\",\"fastighetsbeteckning\":\"SKOBY BERGA %zu:2\","
               "\"koordinat\":{\"epsg\":3006,\"n\":6578224.50,\"e\":694338.20}}}",
               204100 + one, subject, code, SPAN_ARGUMENT(time), 1 + one);
}

static void write_felanmalan(const struct sample *sample, struct span time, struct buf *key, struct buf *value) {
    static const char *const kinds[] = {"belysning", "gata", "ovrigt", "park", "vatten", "snorojning"};
    static const char *const states[] = {"mottagen", "pagar", "atgardad"};
    size_t number = sample->number, one = number / 2;
    char subject[32];
    (void)snprintf(subject, sizeof subject, "KC-2611%04zu", 1 + one % CASES);
    buf_add_text(key, subject);
    if (sample->kind == SAMPLE_TOMBSTONE)
        return;
    write_envelope(sample, subject, time, value);
    buf_printf(value,
               "\"arendenummer\":\"%s\",\"status\":\"%s\",\"kategori\":\"%s\",\"inkom\":\"2026-11-20T17:42:00+01:00\","
               "\"andrad\":\"" SPAN_FORMAT "\",\"meddelande\":\"Tack för din anmälan!\"}}",
               subject, states[one % (sizeof states / sizeof *states)], kinds[one % (sizeof kinds / sizeof *kinds)],
               SPAN_ARGUMENT(time));
}

void sample_write(const struct sample *sample, int64_t wall_ms, struct buf *key, struct buf *value) {
    struct buf time = {0};
    clock_write_date(&time, wall_ms);
    if (is_bygglov(sample))
        write_bygglov(sample, buf_span(&time), key, value);
    else
        write_felanmalan(sample, buf_span(&time), key, value);
    value->failed = value->failed || time.failed;
    buf_finish(&time);
}

const char *sample_story(const struct sample *sample) {
    static const char *const breaks[] = {"good",
                                         "the platform answers 503 once",
                                         "the platform refuses it with 400",
                                         "the connection breaks after sending",
                                         "the platform answers after 2 s",
                                         "a status code that the table lacks",
                                         "the platform answers 401 for 2 s"};
    switch (sample->kind) {
    case SAMPLE_NOT_JSON:
        return "not JSON: kommunkod 0120 unquoted";
    case SAMPLE_NOT_VALID:
        return "breaks its schema: kommunkod 120";
    case SAMPLE_TOMBSTONE:
        return "a tombstone: a key without a value";
    case SAMPLE_GOOD:
        break;
    }
    return breaks[sample->broken];
}

size_t sample_number(struct span id) {
    struct span mark = SPAN("sandbox-");
    size_t digits = id.size;
    while (digits > 0 && id.data[digits - 1] >= '0' && id.data[digits - 1] <= '9')
        digits--;
    int64_t number;
    struct span front = span_make(id.data, digits);
    return span_ends_with(front, mark) && text_read_integer(span_from(id, digits), &number) && number > 0
               ? (size_t)number
               : 0;
}
