/* Dates as text to milliseconds and back, in the proleptic Gregorian calendar. Never asks what time it is. */
#include "base/clock.h"

#include <stdio.h>

struct date {
    int64_t year;
    int month, day, hour, minute, second;
    int millisecond;
};

/* Days since 1970-01-01. The year is counted from March, so that the leap day is its last. */
static int64_t days_of(int64_t year, int month, int day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int days_in_month(int64_t year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* A second 60 is read only as the leap second 23:59:60 UTC and counts as the second after it. */
static bool wall_of(const struct date *date, int64_t offset_minutes, int64_t *wall_ms) {
    if (date->month < 1 || date->month > 12 || date->day < 1 || date->day > days_in_month(date->year, date->month) ||
        date->hour > 23 || date->minute > 59 || date->second > 60)
        return false;
    int64_t minutes = days_of(date->year, date->month, date->day) * 1440 + date->hour * 60 + date->minute;
    minutes -= offset_minutes;
    if (date->second == 60 && (minutes % 1440 + 1440) % 1440 != 1439)
        return false;
    *wall_ms = (minutes * 60 + date->second) * 1000 + date->millisecond;
    return true;
}

static bool take_digits(struct span *text, size_t count, int *number) {
    *number = 0;
    if (text->size < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        char digit = text->data[i];
        if (digit < '0' || digit > '9')
            return false;
        *number = *number * 10 + (digit - '0');
    }
    *text = span_from(*text, count);
    return true;
}

static bool take(struct span *text, struct span what) {
    if (!span_starts_with(*text, what))
        return false;
    *text = span_from(*text, what.size);
    return true;
}

static bool take_year(struct span *text, struct date *date) {
    int year;
    bool taken = take_digits(text, 4, &year);
    date->year = year;
    return taken;
}

static bool take_clock(struct span *text, struct date *date) {
    return take_digits(text, 2, &date->hour) && take(text, SPAN(":")) && take_digits(text, 2, &date->minute) &&
           take(text, SPAN(":")) && take_digits(text, 2, &date->second);
}

/* Digits beyond milliseconds are cut. */
static bool take_fraction(struct span *text, struct date *date) {
    if (!take(text, SPAN(".")))
        return true;
    int worth = 100, digit;
    if (!take_digits(text, 1, &digit))
        return false;
    do {
        date->millisecond += digit * worth;
        worth /= 10;
    } while (take_digits(text, 1, &digit));
    return true;
}

static bool take_offset(struct span *text, int64_t *minutes) {
    *minutes = 0;
    if (take(text, SPAN("Z")) || take(text, SPAN("z")))
        return true;
    int sign = take(text, SPAN("+")) ? 1 : take(text, SPAN("-")) ? -1 : 0;
    int hours, rest;
    if (sign == 0 || !take_digits(text, 2, &hours) || !take(text, SPAN(":")) || !take_digits(text, 2, &rest) ||
        hours > 23 || rest > 59)
        return false;
    *minutes = sign * (hours * 60 + rest);
    return true;
}

bool clock_read_date(struct span text, int64_t *wall_ms) {
    struct date date = {0};
    int64_t offset;
    return take_year(&text, &date) && take(&text, SPAN("-")) && take_digits(&text, 2, &date.month) &&
           take(&text, SPAN("-")) && take_digits(&text, 2, &date.day) &&
           (take(&text, SPAN("T")) || take(&text, SPAN("t")) || take(&text, SPAN(" "))) && take_clock(&text, &date) &&
           take_fraction(&text, &date) && take_offset(&text, &offset) && text.size == 0 &&
           wall_of(&date, offset, wall_ms);
}

void clock_write_date(struct buf *out, int64_t wall_ms) {
    int64_t day_ms = 86400000;
    int64_t days = (wall_ms >= 0 ? wall_ms : wall_ms - (day_ms - 1)) / day_ms;
    int64_t rest = wall_ms - days * day_ms;
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march = (5 * day_of_year + 2) / 153;
    int64_t month = march < 10 ? march + 3 : march - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    buf_printf(out, "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ", (long long)year, (int)month,
               (int)(day_of_year - (153 * march + 2) / 5 + 1), (int)(rest / 3600000), (int)(rest / 60000 % 60),
               (int)(rest / 1000 % 60), (int)(rest % 1000));
}

/* Takes one of `count` names; its number from 1, or 0. */
static int take_name(struct span *text, const char *const *names, int count) {
    for (int i = 0; i < count; i++)
        if (take(text, span_of(names[i])))
            return i + 1;
    return 0;
}

static bool take_month(struct span *text, struct date *date) {
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    date->month = take_name(text, months, 12);
    return date->month != 0;
}

/* The two digits of RFC 850 are taken as 1970 to 2069: the rule of RFC 9110 needs to know today. */
static bool take_short_year(struct span *text, struct date *date) {
    int year;
    bool taken = take_digits(text, 2, &year);
    date->year = year < 70 ? 2000 + year : 1900 + year;
    return taken;
}

bool clock_read_http_date(struct span text, int64_t *wall_ms) {
    static const char *const long_days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                            "Friday", "Saturday", "Sunday"};
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    struct date date = {0};
    bool read;
    if (take_name(&text, long_days, 7) != 0)
        read = take(&text, SPAN(", ")) && take_digits(&text, 2, &date.day) && take(&text, SPAN("-")) &&
               take_month(&text, &date) && take(&text, SPAN("-")) && take_short_year(&text, &date) &&
               take(&text, SPAN(" ")) && take_clock(&text, &date) && take(&text, SPAN(" GMT"));
    else if (take_name(&text, days, 7) == 0)
        read = false;
    else if (take(&text, SPAN(", ")))
        read = take_digits(&text, 2, &date.day) && take(&text, SPAN(" ")) && take_month(&text, &date) &&
               take(&text, SPAN(" ")) && take_year(&text, &date) && take(&text, SPAN(" ")) &&
               take_clock(&text, &date) && take(&text, SPAN(" GMT"));
    else
        read = take(&text, SPAN(" ")) && take_month(&text, &date) && take(&text, SPAN(" ")) &&
               take_digits(&text, take(&text, SPAN(" ")) ? 1 : 2, &date.day) && take(&text, SPAN(" ")) &&
               take_clock(&text, &date) && take(&text, SPAN(" ")) && take_year(&text, &date);
    return read && text.size == 0 && wall_of(&date, 0, wall_ms);
}
