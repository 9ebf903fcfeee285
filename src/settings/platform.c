/* Platforms of sluss.cfg: reading all of them, and what their options mean together. Connects to nothing. */
#include "settings/credentials.h"
#include "settings/types.h"

#define ERROR(group, code, path, cure, ...)                                                                            \
    reader_problem(reader, SEVERITY_ERROR, (code), (group), (path), (cure), __VA_ARGS__)
#define WARN(group, code, path, cure, ...)                                                                             \
    reader_problem(reader, SEVERITY_WARNING, (code), (group), (path), (cure), __VA_ARGS__)

/* Which options each type of auth needs, and may have; all others belong to another type. */
enum { MOST_TAKEN = 3 };

struct auth_use {
    const char *type;
    const char *needs[MOST_TAKEN];
    const char *may_have;
};

static const struct auth_use auth_uses[] = {
    [AUTH_NONE] = {"none", {NULL}, NULL},
    [AUTH_BASIC] = {"basic", {"user", "password"}, NULL},
    [AUTH_BEARER] = {"bearer", {"token"}, NULL},
    [AUTH_HEADER] = {"header", {"name", "value"}, NULL},
    [AUTH_OAUTH2] = {"oauth2", {"token-url", "client-id", "client-secret"}, "scope"}};

static bool needs(const struct auth_use *use, const char *name) {
    for (size_t i = 0; i < MOST_TAKEN; i++)
        if (use->needs[i] != NULL && strcmp(use->needs[i], name) == 0)
            return true;
    return false;
}

static bool takes(const struct auth_use *use, const char *name) {
    return needs(use, name) || (use->may_have != NULL && strcmp(use->may_have, name) == 0);
}

static void check_auth(struct reader *reader, config_setting_t *group, const struct platform_spec *platform) {
    config_setting_t *auth = config_setting_get_member(group, "auth");
    if (auth == NULL || !config_setting_is_group(auth))
        return;
    const struct auth_use *use = &auth_uses[platform->auth.kind];
    static const char *const names[] = {"user",      "password",  "token",         "name", "value",
                                        "token-url", "client-id", "client-secret", "scope"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool written = config_setting_get_member(auth, names[i]) != NULL;
        if (written && !takes(use, names[i]))
            ERROR(auth, PROBLEM_CONFLICT, names[i], CURE(reader, "remove it, or write another type"),
                  "`%s` does not belong to auth of type \"%s\"", names[i], use->type);
        else if (!written && needs(use, names[i]))
            ERROR(auth, PROBLEM_REQUIRED, "", CURE(reader, "write `%s = ...;`", names[i]),
                  "auth of type \"%s\" needs `%s`", use->type, names[i]);
    }
    if (platform->auth.kind == AUTH_BASIC && platform->auth.user.data != NULL &&
        memchr(platform->auth.user.data, ':', platform->auth.user.size) != NULL)
        ERROR(auth, PROBLEM_FORM, "user", SPAN("Basic authentication ends the user at the first colon"),
              "`user` contains a colon");
    const char *why = platform->auth.header.data != NULL && platform->auth.kind == AUTH_HEADER &&
                              !span_equal_nocase(platform->auth.header, SPAN("Authorization"))
                          ? header_refused(platform->auth.header)
                          : NULL;
    if (why != NULL)
        ERROR(auth, PROBLEM_CONFLICT, "name", SPAN("use a header of the platform's own"),
              "credentials cannot be in this header: %s", why);
}

static void check_tls(struct reader *reader, config_setting_t *group, const struct platform_spec *platform) {
    config_setting_t *tls = config_setting_get_member(group, "tls");
    config_setting_t *key = tls != NULL && config_setting_is_group(tls) ? config_setting_get_member(tls, "key") : NULL;
    bool plain = platform->base_url.data != NULL && type_is_plain(platform->base_url);
    bool local = plain && type_is_local(platform->base_url);
    bool asks_plain = platform->auth.kind != AUTH_OAUTH2 ||
                      (platform->auth.token_url.data != NULL && type_is_plain(platform->auth.token_url));
    if ((platform->tls.certificate.data != NULL) != (key != NULL))
        ERROR(tls, PROBLEM_REQUIRED, key != NULL ? "key" : "certificate",
              SPAN("mutual TLS needs both: certificate = \"FILE\"; key = \"secret:NAME\";"), "`%s` is missing",
              key != NULL ? "certificate" : "key");
    if (credentials_is_encrypted(platform->tls.key.value))
        ERROR(
            tls, PROBLEM_SECRET, "key",
            SPAN("write it without its password: openssl pkey -in FILE -out FILE; let root:sluss, mode 0640 guard it"),
            "the private key is encrypted: nobody is there to enter its password");
    if (plain && tls != NULL && asks_plain)
        WARN(group, PROBLEM_RISK, "tls", SPAN("write https:// in base-url"), "`tls` has no effect on http://");
    if (plain && !local)
        WARN(group, PROBLEM_RISK, "base-url", SPAN("write https:// if the platform can"),
             platform->auth.kind != AUTH_NONE ? "events and credentials travel unencrypted"
                                              : "events travel unencrypted");
}

static void check_platform(struct reader *reader, config_setting_t *group, const struct platform_spec *platform) {
    check_auth(reader, group, platform);
    check_tls(reader, group, platform);
    if (platform->connect_timeout_ms > platform->timeout_ms)
        WARN(group, PROBLEM_RISK, "connect-timeout", SPAN("`timeout` covers connecting too: make it the longer one"),
             "`connect-timeout` is longer than `timeout`");
    if (platform->breaker.open_ms > platform->breaker.max_open_ms)
        ERROR(group, PROBLEM_CONFLICT, "breaker.open", SPAN("make `max-open` the longer one"),
              "breaker: `open` is longer than `max-open`");
    if (platform->success.count == 0)
        ERROR(group, PROBLEM_CONFLICT, "success", SPAN("name the statuses that mean it was delivered"),
              "no answer of this platform would be a success");
    for (size_t i = 0; i < platform->success.count; i++)
        if (platform->success.ranges[i].first >= 300 && platform->success.ranges[i].first < 400)
            WARN(group, PROBLEM_RISK, "success", SPAN("redirects are never followed: the event may not have arrived"),
                 "a redirect would count as delivered");
}

static bool check_name(struct reader *reader, config_setting_t *group) {
    const char *name = config_setting_name(group);
    bool good = strlen(name) <= 64;
    for (; *name != '\0'; name++)
        good = good && (*name == '-' || *name == '_' || (*name >= '0' && *name <= '9') ||
                        (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z'));
    if (!good)
        ERROR(group, PROBLEM_NAME, "", SPAN("use up to 64 letters, digits, '-' and '_'"), "this is not a valid name");
    return good;
}

/* Calls `one` for each group of a named group, in its order, with its part of `specs`. */
static void read_named(struct reader *reader, const struct option *option, config_setting_t *setting, char *specs,
                       size_t size, void (*check)(struct reader *, config_setting_t *, void *)) {
    reader_open(reader, option->name, "{");
    for (int i = 0; setting != NULL && specs != NULL && i < config_setting_length(setting); i++) {
        config_setting_t *group = config_setting_get_elem(setting, (unsigned)i);
        if (!config_setting_is_group(group)) {
            ERROR(group, PROBLEM_FORM, "", SPAN("write NAME = { ... };"), "`%s` must be a group { }",
                  config_setting_name(group));
            continue;
        }
        if (!check_name(reader, group))
            continue;
        void *spec = specs + (size_t)i * size;
        *(struct span *)spec = reader_copy(reader, span_of(config_setting_name(group)));
        reader_open(reader, config_setting_name(group), "{");
        reader_section(reader, option->section, group, spec);
        reader_close(reader, "};");
        check(reader, group, spec);
    }
    reader_close(reader, "};");
}

_Static_assert(offsetof(struct platform_spec, name) == 0 && offsetof(struct lookup_spec, name) == 0, "read_named");

static void platform_done(struct reader *reader, config_setting_t *group, void *spec) {
    check_platform(reader, group, spec);
}

void platforms_read(struct reader *reader, const struct option *option, config_setting_t *setting, void *target) {
    struct plan *plan = &((struct settings *)target)->plan;
    reader_names(reader, setting, &reader->platforms);
    plan->platforms = reader_take(reader, reader->platforms.count + 1, sizeof *plan->platforms);
    plan->platform_count = (uint32_t)reader->platforms.count;
    read_named(reader, option, setting, (char *)plan->platforms, sizeof *plan->platforms, platform_done);
}

/* --- lookups --- */

enum { LARGEST_TABLE = 256 << 20 };

/* Reads the table once: what it says is loaded by the daemon later, again and again. */
static void lookup_done(struct reader *reader, config_setting_t *group, void *spec) {
    const struct lookup_spec *lookup = spec;
    if (lookup->file.data == NULL || lookup->key.data == NULL)
        return;
    struct buf content = {0};
    struct error error = {0};
    struct lookup_table *table = NULL;
    if (reader_file(reader, lookup->file, LARGEST_TABLE, &content, &error))
        table = lookup_table_create(buf_span(&content), lookup->key, lookup->value, &error);
    reader->failed = reader->failed || error.shortage;
    if (table == NULL)
        ERROR(group, PROBLEM_CONTENT, "table", CURE(reader, "correct " SPAN_FORMAT, SPAN_ARGUMENT(lookup->file)),
              "this table cannot be used: %s", error.text);
    else if (lookup_table_rows(table) == 0)
        WARN(group, PROBLEM_RISK, "table", CURE(reader, "write rows into " SPAN_FORMAT, SPAN_ARGUMENT(lookup->file)),
             "this table has no rows: no event finds its key there");
    lookup_table_release(table);
    buf_finish(&content);
}

void lookups_read(struct reader *reader, const struct option *option, config_setting_t *setting, void *target) {
    struct plan *plan = &((struct settings *)target)->plan;
    reader_names(reader, setting, &reader->lookups);
    plan->lookups = reader_take(reader, reader->lookups.count + 1, sizeof *plan->lookups);
    plan->lookup_count = (uint32_t)reader->lookups.count;
    read_named(reader, option, setting, (char *)plan->lookups, sizeof *plan->lookups, lookup_done);
}
