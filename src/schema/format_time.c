/* date, time, date-time and duration (RFC 3339 section 5.6 and appendix A). They ask no clock. */
#include "schema/format_private.h"

bool format_is_day(unsigned year, unsigned month, unsigned day) {
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1)
        return false;
    if (month == 2 && day == 29)
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days[month - 1];
}

/* The number of two digits, or more than 99 when they are none. */
static unsigned pair(const char *at) {
    unsigned high = (unsigned)(unsigned char)at[0] - '0', low = (unsigned)(unsigned char)at[1] - '0';
    return high > 9 || low > 9 ? 100 : high * 10 + low;
}

static bool is_date(const char *at) {
    unsigned century = pair(at), year = pair(at + 2), month = pair(at + 5), day = pair(at + 8);
    return century < 100 && year < 100 && at[4] == '-' && at[7] == '-' &&
           format_is_day(century * 100 + year, month, day);
}

bool format_is_date(struct span text) {
    return text.size == 10 && is_date(text.data);
}

bool format_is_time(struct span text) {
    if (text.size < 9)
        return false;
    const char *at = text.data, *end = text.data + text.size;
    unsigned hour = pair(at), minute = pair(at + 3), second = pair(at + 6);
    if (hour > 23 || minute > 59 || second > 60 || at[2] != ':' || at[5] != ':')
        return false;
    at += 8;
    if (*at == '.') {
        const char *first = ++at;
        while (at < end && is_digit(*at))
            at++;
        if (at == first || at == end)
            return false;
    }
    unsigned east = 0; /* of Greenwich, in minutes, 0 to 1,439 */
    if (*at == 'Z' || *at == 'z') {
        at++;
    } else {
        if ((*at != '+' && *at != '-') || end - at != 6 || at[3] != ':')
            return false;
        unsigned hours = pair(at + 1), minutes = pair(at + 4);
        if (hours > 23 || minutes > 59)
            return false;
        east = *at == '+' ? hours * 60 + minutes : (1440 - hours * 60 - minutes) % 1440;
        at += 6;
    }
    /* a leap second ends the day in UTC */
    return at == end && (second < 60 || (hour * 60 + minute + 1440 - east) % 1440 == 1439);
}

bool format_is_date_time(struct span text) {
    return text.size >= 20 && (text.data[10] == 'T' || text.data[10] == 't') && is_date(text.data) &&
           format_is_time(span_from(text, 11));
}

/* Numbers with the units of `units` at *at, each unit right behind its forerunner: "1H2S" has a gap. Returns how many,
 * -1 when malformed. */
static int elements(const char **at, const char *end, const char *units) {
    const char *next = NULL; /* the only unit that may follow */
    int count = 0;
    while (*at < end && is_digit(**at)) {
        while (*at < end && is_digit(**at))
            *at += 1;
        if (*at == end || **at == '\0')
            return -1;
        const char *unit = strchr(units, **at);
        if (unit == NULL || (next != NULL && unit != next))
            return -1;
        next = unit + 1;
        *at += 1;
        count++;
    }
    return count;
}

bool format_is_duration(struct span text) {
    if (text.size < 3 || text.data[0] != 'P')
        return false;
    const char *at = text.data + 1, *end = text.data + text.size;
    if (end[-1] == 'W')
        return elements(&at, end, "W") == 1 && at == end;
    int days = elements(&at, end, "YMD");
    if (days < 0 || at == end)
        return days > 0;
    if (*at++ != 'T')
        return false;
    return elements(&at, end, "HMS") > 0 && at == end;
}
