/* The types are the notations in which options are written. They hold no defaults and no ranges: rows do. Private to
 * this folder. */
#ifndef SLUSS_SETTINGS_TYPES_H
#define SLUSS_SETTINGS_TYPES_H

#include "settings/option.h"

/* Plain values; the field's type in brackets. */
extern const struct option_type type_integer;  /* uint32_t */
extern const struct option_type type_switch;   /* bool */
extern const struct option_type type_duration; /* int64_t, milliseconds */
extern const struct option_type type_size;     /* size_t */
extern const struct option_type type_rate;     /* uint64_t, thousandths a second */
extern const struct option_type type_word;     /* an enum: the word's index + `least` */
extern const struct option_type type_text;     /* struct span */
extern const struct option_type type_texts;    /* struct text_list */
extern const struct option_type type_secret;   /* struct secret; one line */
extern const struct option_type type_secret_lines;
extern const struct option_type type_file; /* struct span: an absolute path of a file that can be read */

/* Names and addresses. */
extern const struct option_type type_topic;     /* struct span */
extern const struct option_type type_topics;    /* struct topics */
extern const struct option_type type_group_id;  /* struct span */
extern const struct option_type type_base_url;  /* struct span */
extern const struct option_type type_token_url; /* struct span */
extern const struct option_type type_scope;     /* struct span */
extern const struct option_type type_proxy;     /* struct span */
extern const struct option_type type_servers;   /* struct span */
extern const struct option_type type_listen;    /* struct listen */
extern const struct option_type type_socket;    /* struct span */
extern const struct option_type type_header;    /* struct span: a header's name */
extern const struct option_type type_statuses;  /* struct status_list */
extern const struct option_type type_start;     /* struct start */

/* What a route compiles. */
extern const struct option_type type_platform;   /* uint32_t */
extern const struct option_type type_lookup;     /* uint32_t */
extern const struct option_type type_acceptance; /* struct acceptance * */
extern const struct option_type type_query;      /* struct json_path * */
extern const struct option_type type_place;      /* struct json_path *, with at least one name */
extern const struct option_type type_target;     /* struct template * */
extern const struct option_type type_event_id;   /* struct template * */
extern const struct option_type type_headers;    /* struct headers */
extern const struct option_type type_method;     /* struct span */
extern const struct option_type type_order;      /* struct order */
extern const struct option_type type_media;      /* struct span */

/* Containers, and what does not exist yet. */
extern const struct option_type type_group, type_named, type_groups, type_later;

/* True when all bytes of a name of Kafka's are legal (at most 249 of letters, digits, '.', '_', '-'; not "." or "..").
 */
bool type_is_topic(struct span name);

/* Whether a URL is plain http://; and then, whether it stays on this machine. */
bool type_is_plain(struct span url);
bool type_is_local(struct span url);

/* A token of RFC 9110 section 5.6.2. */
bool header_is_name(struct span name);

/* Why a route may not set that header, or NULL. */
const char *header_refused(struct span name);

#endif
