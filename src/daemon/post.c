/* A slot for each platform and each lookup under one mutex: seldom used, never on the way of an event. */
#include "daemon/post.h"

#include "enrich/table.h"

#include <pthread.h>
#include <stdlib.h>

struct word {
    bool told;
    enum platform_state state;
    int64_t until_ms;
};

struct post {
    pthread_mutex_t mutex;
    struct word *words;          /* per platform */
    struct lookup_table **table; /* per lookup; NULL: no news */
    uint32_t platform_count, lookup_count;
};

struct post *post_create(const struct plan *plan) {
    struct post *post = calloc(1, sizeof *post);
    if (post == NULL)
        return NULL;
    post->platform_count = plan->platform_count;
    post->lookup_count = plan->lookup_count;
    post->words = calloc((size_t)plan->platform_count + 1, sizeof *post->words);
    post->table = calloc((size_t)plan->lookup_count + 1, sizeof(struct lookup_table *));
    (void)pthread_mutex_init(&post->mutex, NULL);
    if (post->words != NULL && post->table != NULL)
        return post;
    post_destroy(post);
    return NULL;
}

void post_destroy(struct post *post) {
    if (post == NULL)
        return;
    for (uint32_t i = 0; post->table != NULL && i < post->lookup_count; i++)
        lookup_table_release(post->table[i]);
    (void)pthread_mutex_destroy(&post->mutex);
    free(post->words);
    free(post->table);
    free(post);
}

void post_platform(struct post *post, uint32_t platform, enum platform_state state, int64_t until_ms) {
    (void)pthread_mutex_lock(&post->mutex);
    post->words[platform] = (struct word){.told = true, .state = state, .until_ms = until_ms};
    (void)pthread_mutex_unlock(&post->mutex);
}

void post_table(struct post *post, uint32_t lookup, struct lookup_table *table) {
    (void)pthread_mutex_lock(&post->mutex);
    lookup_table_release(post->table[lookup]);
    post->table[lookup] = lookup_table_share(table);
    (void)pthread_mutex_unlock(&post->mutex);
}

static struct post_item take(struct post *post) {
    struct post_item item = {.kind = POST_NOTHING};
    for (item.index = 0; item.index < post->lookup_count; item.index++)
        if (post->table[item.index] != NULL) {
            item.kind = POST_TABLE;
            item.table = post->table[item.index];
            post->table[item.index] = NULL;
            return item;
        }
    for (item.index = 0; item.index < post->platform_count; item.index++)
        if (post->words[item.index].told) {
            item.kind = POST_PLATFORM;
            item.state = post->words[item.index].state;
            item.until_ms = post->words[item.index].until_ms;
            post->words[item.index].told = false;
            return item;
        }
    return item;
}

struct post_item post_take(struct post *post) {
    (void)pthread_mutex_lock(&post->mutex);
    struct post_item item = take(post);
    (void)pthread_mutex_unlock(&post->mutex);
    return item;
}
