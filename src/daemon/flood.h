/* A flood is the same log message a thousand times over. This limits the rate of each message: its first lines are
 * logged, the others are counted and summed up in one line. It writes no line itself; counters and dead letters are not
 * affected. */
#ifndef SLUSS_DAEMON_FLOOD_H
#define SLUSS_DAEMON_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

struct flood;

/* Lines with the same key are the same message. */
struct flood_key {
    uint32_t kind;
    uint32_t route; /* or platform */
    uint32_t what;  /* reason, status or fault */
};

enum flood_answer {
    FLOOD_SAY,
    FLOOD_SAY_LAST, /* say it, and that those to come are counted for a while */
    FLOOD_LEAVE_OUT
};

/* Lines of one key that are said within a period; a period begins with a key's first line. */
enum { FLOOD_LINES = 20, FLOOD_PERIOD_MS = 60 * 1000 };

/* NULL when memory is short. */
struct flood *flood_create(void);
void flood_destroy(struct flood *flood);

/* Whether one more line is said at `now_ms`. A key that there is no room for is always said. */
enum flood_answer flood_ask(struct flood *flood, struct flood_key key, int64_t now_ms);

/* Takes out one key whose period has ended with lines left out (`ended`: whether or not it has), and says how many
 * within how long. False when there is none; call until then. */
bool flood_next(struct flood *flood, int64_t now_ms, bool ended, struct flood_key *key, uint64_t *count,
                int64_t *within_ms);

#endif
