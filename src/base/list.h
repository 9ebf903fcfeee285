/* A list links structs that carry a link inside themselves. It owns nothing and allocates nothing. */
#ifndef SLUSS_BASE_LIST_H
#define SLUSS_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* A ring with a head. A link that stands in no list points to itself (list_init) or is all zero. */
struct list {
    struct list *next;
    struct list *previous;
};

/* The struct around a link: LIST_OF(link, struct lane, waiting). */
#define LIST_OF(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Walks a list; the body may remove `link` itself. `link` and `safe` are struct list pointers declared by the macro. */
#define LIST_EACH(link, head)                                                                                          \
    for (struct list *link = (head)->next, *link##_next = link->next; link != (head);                                  \
         link = link##_next, link##_next = link->next)

static inline void list_init(struct list *list) {
    list->next = list->previous = list;
}

static inline bool list_is_empty(const struct list *list) {
    return list->next == list || list->next == NULL;
}

static inline void list_add_last(struct list *head, struct list *link) {
    link->next = head;
    link->previous = head->previous;
    head->previous->next = link;
    head->previous = link;
}

static inline void list_remove(struct list *link) {
    if (link->next == NULL)
        return;
    link->previous->next = link->next;
    link->next->previous = link->previous;
    list_init(link);
}

static inline struct list *list_first(const struct list *head) {
    return head->next == head ? NULL : head->next;
}

#endif
