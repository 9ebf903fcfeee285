/* Changing a sluss.cfg with libconfig and writing it again. Whether it was right, the reading will say. */
#include "settings/redirect.h"

#include <errno.h>
#include <libconfig.h>
#include <stdio.h>
#include <string.h>

enum { URL_SIZE = 512 };

/* A string option set, or made where it was not written. */
static bool put(config_setting_t *group, const char *name, const char *value) {
    if (group == NULL)
        return false;
    (void)config_setting_remove(group, name);
    config_setting_t *setting = config_setting_add(group, name, CONFIG_TYPE_STRING);
    return setting != NULL && config_setting_set_string(setting, value) == CONFIG_TRUE;
}

static config_setting_t *group_of(config_setting_t *parent, const char *name) {
    config_setting_t *group = config_setting_get_member(parent, name);
    return group != NULL ? group : config_setting_add(parent, name, CONFIG_TYPE_GROUP);
}

static bool redirect_kafka(config_setting_t *kafka, const char *servers) {
    static const char *const of_security[] = {"sasl-", "ssl-", "security-"};
    for (int i = kafka == NULL ? 0 : config_setting_length(kafka); i-- > 0;) {
        const char *name = config_setting_name(config_setting_get_elem(kafka, (unsigned)i));
        for (size_t j = 0; j < sizeof of_security / sizeof *of_security; j++)
            if (strncmp(name, of_security[j], strlen(of_security[j])) == 0) {
                (void)config_setting_remove_elem(kafka, (unsigned)i);
                break;
            }
    }
    return put(kafka, "security-protocol", "PLAINTEXT") && put(kafka, "bootstrap-servers", servers);
}

/* The token endpoint is outside too. */
static void remove_oauth2(config_setting_t *platform) {
    const char *type = NULL;
    config_setting_t *auth = config_setting_get_member(platform, "auth");
    if (auth != NULL && config_setting_lookup_string(auth, "type", &type) == CONFIG_TRUE && strcmp(type, "oauth2") == 0)
        (void)config_setting_remove(platform, "auth");
}

static bool redirect_platforms(config_setting_t *platforms, const char *base) {
    for (int i = 0; platforms != NULL && i < config_setting_length(platforms); i++) {
        config_setting_t *platform = config_setting_get_elem(platforms, (unsigned)i);
        char url[URL_SIZE];
        int length = snprintf(url, sizeof url, "%s/%s", base, config_setting_name(platform));
        if (length < 0 || (size_t)length >= sizeof url || !put(platform, "base-url", url) ||
            !put(group_of(platform, "breaker"), "open", "1s"))
            return false;
        remove_oauth2(platform);
        (void)config_setting_remove(platform, "proxy");
        (void)config_setting_remove(platform, "tls");
    }
    return platforms != NULL;
}

/* Every "secret:NAME" in the tree is told. */
static bool tell_secrets(const config_setting_t *tree, const struct redirect_spec *spec, struct error *error) {
    static const char prefix[] = "secret:";
    for (int i = 0; config_setting_is_aggregate(tree) && i < config_setting_length(tree); i++)
        if (!tell_secrets(config_setting_get_elem(tree, (unsigned)i), spec, error))
            return false;
    const char *text = config_setting_type(tree) == CONFIG_TYPE_STRING ? config_setting_get_string(tree) : NULL;
    if (text == NULL || strncmp(text, prefix, sizeof prefix - 1) != 0)
        return true;
    return spec->secret(spec->owner, text + sizeof prefix - 1, error);
}

static bool change(config_setting_t *root, const struct redirect_spec *spec, struct error *error) {
    config_setting_t *admin = group_of(root, "admin"), *log = group_of(root, "log");
    if (admin == NULL || log == NULL || !redirect_kafka(config_setting_get_member(root, "kafka"), spec->servers) ||
        !redirect_platforms(config_setting_get_member(root, "platforms"), spec->platform) ||
        !put(admin, "socket", spec->socket) || !put(log, "format", "text"))
        return error_set(error, "it has no kafka or no platforms that a sandbox could stand in for");
    (void)config_setting_remove(admin, "listen");
    return tell_secrets(root, spec, error);
}

bool redirect(const char *path, const struct redirect_spec *spec, struct error *error) {
    config_t config;
    config_init(&config);
    bool good = true;
    if (config_read_file(&config, path) != CONFIG_TRUE)
        good = error_set(error, "%s:%d: %s: slussctl check says more", path, config_error_line(&config),
                         config_error_text(&config));
    else if (!change(config_root_setting(&config), spec, error))
        good = error_context(error, "%s", path);
    else if (config_write_file(&config, path) != CONFIG_TRUE)
        good = error_set(error, "cannot write %s: %s", path, strerror(errno));
    config_destroy(&config);
    return good;
}
