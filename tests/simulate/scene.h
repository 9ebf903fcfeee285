/* The scene is what one seed plays on: plan, sizes and the rates of its faults. It does not change while it is played.
 */
#ifndef SLUSS_TESTS_SIMULATE_SCENE_H
#define SLUSS_TESTS_SIMULATE_SCENE_H

#include "fault.h"
#include "flow/flow.h"

enum { MOST_ROUTES = 2, MOST_MEMBERS = 3, TABLE_VERSIONS = 2, MOST_TOGETHER = 8, GENERATIONS = 2 };
/* Little: the largest events have 2 KiB and take 28 KiB in the rooms, of which few fit at a time; and of each partition
 * there may be the map of whoever read before. Where each of two platforms has a lifeline, one fits on that. Dense: an
 * event that takes 70 KiB in the rooms fits, but on no lifeline. */
enum {
    LITTLE_MEMORY = 256 * 1024,
    LITTLE_FOR_TWO = 384 * 1024,
    LITTLE_FOR_DENSE = 448 * 1024,
    MORE_FOR_DENSE = 10 * 1024,
    MAP_OF_PARTITION = 12 * 1024
};
enum { EVENT_BYTES = 3 * 1024, DENSE_EVENT_BYTES = 12 * 1024 }; /* limits.event */
enum { DENSE_BATCH = 8 };                                       /* times as large as others */

#define TABLE_ONE "code,name\n1,one\n"
#define TABLE_TWO "code,name\n1,two\n"

/* What seeds share: compiled once. */
struct props {
    struct template *target, *batch_target;
    struct json_path *key, *into;
    struct acceptance *accept;
    struct schema_program *schema;
    struct lookup_table *tables[TABLE_VERSIONS];
};

bool props_init(struct props *props);
void props_finish(struct props *props);

/* One generation of the configuration. */
struct setting {
    struct platform_spec platform[MOST_ROUTES];
    struct lookup_spec lookup;
    struct recipe recipe[MOST_ROUTES];
    struct route route[MOST_ROUTES];
    struct plan plan;
};

struct scene {
    struct setting setting[GENERATIONS];
    uint32_t route_count, session_timeout_ms; /* of all generations */
    bool little_memory;
    bool dense;         /* and events that take much of it */
    size_t more_memory; /* then: so that what fits does so barely in some */
    size_t letter_most; /* bytes of a dead letter that the topic takes; 0: as many as there are */
    bool apart;         /* two routes with a platform each, of which one dies: the other's route goes on beside it */
    uint32_t members;
    uint32_t process[MOST_MEMBERS]; /* which one each is a worker of */
    int64_t tick_ms;                /* most time between two inputs */
};

struct choices;

void scene_draw(struct scene *scene, const struct props *props, struct choices *choices);

#endif
