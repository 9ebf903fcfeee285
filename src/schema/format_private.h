/* The checks behind the table of formats, for this folder only. Each takes valid UTF-8 and says yes or no. */
#ifndef SLUSS_SCHEMA_FORMAT_PRIVATE_H
#define SLUSS_SCHEMA_FORMAT_PRIVATE_H

#include "schema/format.h"

#include <stdint.h>

/* format_time.c: RFC 3339 */
bool format_is_date(struct span text);
bool format_is_time(struct span text);
bool format_is_date_time(struct span text);
bool format_is_duration(struct span text);
bool format_is_day(unsigned year, unsigned month, unsigned day); /* exists in the Gregorian calendar */

/* format_host.c: RFC 791, RFC 4291, RFC 1123, RFC 5890-5893, RFC 5321, RFC 6531 */
bool format_is_ipv4(struct span text);
bool format_is_ipv6(struct span text);
bool format_is_email(struct span text);
bool format_is_idn_email(struct span text);

/* format_name.c */
bool format_is_ldh_name(struct span text); /* letters, digits, hyphens and dots; nothing of IDNA */
enum format_result format_check_hostname(struct span text, const struct format *format, struct format_scratch *scratch);
enum format_result format_check_idn_hostname(struct span text, const struct format *format,
                                             struct format_scratch *scratch);

/* format_text.c: RFC 9562, RFC 6901, RFC 6570 */
bool format_is_uuid(struct span text);
bool format_is_json_pointer(struct span text);
bool format_is_relative_json_pointer(struct span text);
bool format_is_uri_template(struct span text);

/* uri_grammar.c: RFC 3987 section 2.2 */
bool uri_is_ucschar(uint32_t point);
bool uri_is_iprivate(uint32_t point);

/* format_byte.c: bits of each byte */
enum {
    FORMAT_HEX = 1,   /* a hexadecimal digit */
    FORMAT_LABEL = 2, /* a letter, a digit or a hyphen: part of a host name's label */
    FORMAT_ATOM = 4,  /* atext of RFC 5322 section 3.2.3 */
};
extern const unsigned char format_byte[256];

static inline bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static inline bool is_letter(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static inline bool is_hex(char byte) {
    return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

#endif
