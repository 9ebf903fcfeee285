/* Swedish numbers of persons, organisations and payments: form, date, check digit. Places are in swedish_place.c. */
#include "schema/swedish.h"

#include "schema/format_private.h"

/* The check digit of ISO/IEC 7812 ("Luhn"): weights 2 and 1 from the digit before the last, going left. */
static bool luhn(const char *digits, size_t count) {
    unsigned sum = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned value = (unsigned)(digits[count - 1 - i] - '0');
        value *= i % 2 == 0 ? 1 : 2;
        sum += value > 9 ? value - 9 : value;
    }
    return sum % 10 == 0;
}

/* A number of a person, taken apart. */
struct person {
    char digits[12]; /* century, year, month, day, serial, check digit; an interim letter stands as 1 */
    bool century;    /* was written; else digits[0..1] are unused */
    bool hundred;    /* "+": a hundred years old or more */
    char letter;     /* in place of the first serial digit, or 0 */
};

static bool person_read(struct span text, struct person *person) {
    *person = (struct person){0};
    if (text.size < 10 || text.size > 13)
        return false;
    char sign = text.data[text.size - 5];
    bool parted = sign == '-' || sign == '+';
    size_t count = text.size - parted;
    if (count != 10 && count != 12)
        return false;
    person->century = count == 12;
    person->hundred = sign == '+';
    char *out = person->digits + 12 - count;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (parted && i == text.size - 5)
            continue;
        if (i == text.size - 4 && byte >= 'A' && byte <= 'Z') {
            person->letter = byte;
            byte = '1';
        }
        if (!is_digit(byte))
            return false;
        *out++ = byte;
    }
    return !person->century || (person->digits[0] == '1' && person->digits[1] >= '8') ||
           (person->digits[0] == '2' && person->digits[1] == '0');
}

static unsigned person_part(const struct person *person, size_t at) {
    return (unsigned)(person->digits[at] - '0') * 10 + (unsigned)(person->digits[at + 1] - '0');
}

/* The date exists: in the century that is written, else in one that the short form can mean. */
static bool person_has_date(const struct person *person) {
    unsigned year = person_part(person, 2), month = person_part(person, 4), day = person_part(person, 6);
    if (person->century)
        return format_is_day(person_part(person, 0) * 100 + year, month, day);
    unsigned oldest = person->hundred ? 1800 : 1900;
    return format_is_day(oldest + year, month, day) || format_is_day(oldest + 100 + year, month, day);
}

static bool person_has_serial(const struct person *person) {
    return memcmp(person->digits + 8, "000", 3) != 0;
}

static bool is_personnummer(const struct person *person) {
    return person->letter == 0 && person_has_serial(person) && luhn(person->digits + 2, 10) && person_has_date(person);
}

static bool is_samordningsnummer(const struct person *person) {
    unsigned month = person_part(person, 4), day = person_part(person, 6);
    return person->letter == 0 && person_has_serial(person) && luhn(person->digits + 2, 10) && month <= 12 &&
           day >= 60 && day <= 91;
}

static bool is_interim(const struct person *person) {
    return person->letter != 0 && strchr("TRSUWXJKLMN", person->letter) != NULL && luhn(person->digits + 2, 10) &&
           person_has_date(person);
}

/* YYYYMMDDTFNN */
static bool is_tf(struct span text) {
    if (text.size != 12 || text.data[8] != 'T' || text.data[9] != 'F')
        return false;
    unsigned value[4];
    static const unsigned char start[] = {0, 4, 6, 10};
    static const unsigned char count[] = {4, 2, 2, 2};
    for (size_t part = 0; part < 4; part++) {
        value[part] = 0;
        for (size_t i = start[part]; i < (size_t)start[part] + count[part]; i++) {
            if (!is_digit(text.data[i]))
                return false;
            value[part] = value[part] * 10 + (unsigned)(text.data[i] - '0');
        }
    }
    return value[0] >= 1800 && value[0] < 2100 && format_is_day(value[0], value[1], value[2]);
}

bool swedish_is_person(struct span text, unsigned kinds) {
    struct person person;
    if ((kinds & SWEDISH_TF) != 0 && is_tf(text))
        return true;
    if (!person_read(text, &person))
        return false;
    return ((kinds & SWEDISH_PERSONNUMMER) != 0 && is_personnummer(&person)) ||
           ((kinds & SWEDISH_SAMORDNINGSNUMMER) != 0 && is_samordningsnummer(&person)) ||
           ((kinds & SWEDISH_INTERIM) != 0 && is_interim(&person));
}

bool swedish_is_personnummer(struct span text) {
    return swedish_is_person(text, SWEDISH_PERSONNUMMER);
}

bool swedish_is_samordningsnummer(struct span text) {
    return swedish_is_person(text, SWEDISH_SAMORDNINGSNUMMER);
}

bool swedish_read_kinds(struct span text, unsigned *kinds, struct error *error) {
    static const struct {
        struct span name;
        unsigned kind;
    } names[] = {
        {SPAN("pnr"), SWEDISH_PERSONNUMMER},
        {SPAN("samnr"), SWEDISH_SAMORDNINGSNUMMER},
        {SPAN("interim"), SWEDISH_INTERIM},
        {SPAN("tf"), SWEDISH_TF},
    };
    *kinds = 0;
    for (size_t start = 0; start <= text.size;) {
        size_t end = start;
        while (end < text.size && text.data[end] != '|')
            end++;
        struct span name = {text.data + start, end - start};
        unsigned kind = 0;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (span_equal(names[i].name, name))
                kind = names[i].kind;
        if (kind == 0)
            return error_set(error,
                             "\"" SPAN_FORMAT "\" is not a kind of person-id: write person-id, or person-id: with pnr, "
                             "samnr, interim, tf parted by |",
                             SPAN_ARGUMENT(name));
        *kinds |= kind;
        start = end + 1;
    }
    return true;
}

/* Copies the digits of `text`, over a hyphen that stands `hyphen` digits from the end. Returns how many; 0 when there
 * is anything else or more than `room`. */
static size_t take_digits(struct span text, size_t hyphen, char *digits, size_t room) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '-' && text.size - i == hyphen + 1)
            continue;
        if (!is_digit(text.data[i]) || count == room)
            return 0;
        digits[count++] = text.data[i];
    }
    return count;
}

bool swedish_is_organisationsnummer(struct span text) {
    char digits[12];
    size_t count = take_digits(text, 4, digits, sizeof digits);
    if (count != 10 && (count != 12 || digits[0] != '1' || digits[1] != '6'))
        return false;
    const char *number = digits + count - 10;
    return number[0] != '0' && number[2] >= '2' && luhn(number, 10);
}

bool swedish_is_bankgiro(struct span text) {
    char digits[8];
    size_t count = take_digits(text, 4, digits, sizeof digits);
    return count >= 7 && luhn(digits, count);
}

bool swedish_is_plusgiro(struct span text) {
    char plain[16];
    size_t size = 0;
    /* the digits before the last stand in pairs from the right: a space may part them */
    bool parted = text.size > 2 && text.data[text.size - 2] == '-';
    size_t right = 0; /* digits seen to the right, the check digit not counted */
    for (size_t i = text.size; i-- > 0;) {
        char byte = text.data[i];
        if (byte == ' ' && parted && i > 0 && right > 0 && right % 2 == 0 && is_digit(text.data[i - 1]))
            continue;
        if (byte == '-' && parted && i == text.size - 2)
            continue;
        if (!is_digit(byte) || size == 8)
            return false;
        right += i < text.size - 1;
        plain[size++] = byte;
    }
    for (size_t i = 0; i < size / 2; i++) {
        char byte = plain[i];
        plain[i] = plain[size - 1 - i];
        plain[size - 1 - i] = byte;
    }
    return size >= 2 && luhn(plain, size);
}

bool swedish_is_ocr(struct span text) {
    char digits[25];
    size_t count = take_digits(text, SIZE_MAX - 1, digits, sizeof digits);
    return count >= 2 && luhn(digits, count);
}
