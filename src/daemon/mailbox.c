/* A slot for each platform and each lookup under one mutex: seldom used, never on the way of an event. */
#include "daemon/mailbox.h"

#include "enrich/table.h"

#include <pthread.h>
#include <stdlib.h>

struct word {
    bool told;
    enum platform_state state;
    int64_t until_ms;
};

struct mailbox {
    pthread_mutex_t mutex;
    struct word *words;          /* per platform */
    struct lookup_table **table; /* per lookup; NULL: no news */
    uint32_t platform_count, lookup_count;
};

struct mailbox *mailbox_create(const struct plan *plan) {
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    if (mailbox == NULL)
        return NULL;
    mailbox->platform_count = plan->platform_count;
    mailbox->lookup_count = plan->lookup_count;
    mailbox->words = calloc((size_t)plan->platform_count + 1, sizeof *mailbox->words);
    mailbox->table = calloc((size_t)plan->lookup_count + 1, sizeof(struct lookup_table *));
    (void)pthread_mutex_init(&mailbox->mutex, NULL);
    if (mailbox->words != NULL && mailbox->table != NULL)
        return mailbox;
    mailbox_destroy(mailbox);
    return NULL;
}

void mailbox_destroy(struct mailbox *mailbox) {
    if (mailbox == NULL)
        return;
    for (uint32_t i = 0; mailbox->table != NULL && i < mailbox->lookup_count; i++)
        lookup_table_release(mailbox->table[i]);
    (void)pthread_mutex_destroy(&mailbox->mutex);
    free(mailbox->words);
    free(mailbox->table);
    free(mailbox);
}

void mailbox_platform(struct mailbox *mailbox, uint32_t platform, enum platform_state state, int64_t until_ms) {
    (void)pthread_mutex_lock(&mailbox->mutex);
    struct word *word = &mailbox->words[platform];
    if (word->told && word->state != PLATFORM_UP && state != PLATFORM_UP && word->until_ms > until_ms)
        until_ms = word->until_ms;
    *word = (struct word){.told = true, .state = state, .until_ms = until_ms};
    (void)pthread_mutex_unlock(&mailbox->mutex);
}

void mailbox_table(struct mailbox *mailbox, uint32_t lookup, struct lookup_table *table) {
    (void)pthread_mutex_lock(&mailbox->mutex);
    lookup_table_release(mailbox->table[lookup]);
    mailbox->table[lookup] = lookup_table_share(table);
    (void)pthread_mutex_unlock(&mailbox->mutex);
}

static struct mailbox_item take(struct mailbox *mailbox) {
    struct mailbox_item item = {.kind = MAILBOX_NOTHING};
    for (item.index = 0; item.index < mailbox->lookup_count; item.index++)
        if (mailbox->table[item.index] != NULL) {
            item.kind = MAILBOX_TABLE;
            item.table = mailbox->table[item.index];
            mailbox->table[item.index] = NULL;
            return item;
        }
    for (item.index = 0; item.index < mailbox->platform_count; item.index++)
        if (mailbox->words[item.index].told) {
            item.kind = MAILBOX_PLATFORM;
            item.state = mailbox->words[item.index].state;
            item.until_ms = mailbox->words[item.index].until_ms;
            mailbox->words[item.index].told = false;
            return item;
        }
    return item;
}

struct mailbox_item mailbox_take(struct mailbox *mailbox) {
    (void)pthread_mutex_lock(&mailbox->mutex);
    struct mailbox_item item = take(mailbox);
    (void)pthread_mutex_unlock(&mailbox->mutex);
    return item;
}
