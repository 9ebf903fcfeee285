/* The world is everything around the core in one process: broker, group, platforms, clock, and the ledger by which the
 * core is judged. It is played from one seed. */
#ifndef SLUSS_TESTS_SIMULATE_WORLD_H
#define SLUSS_TESTS_SIMULATE_WORLD_H

#include "choices.h"
#include "scene.h"
#include "settle/offset_map.h"

#include <setjmp.h>
#include <stdio.h>

enum { MOST_PARTITIONS = 3, MOST_RECORDS = 20, MOST_OPEN = 128, MOST_TASKS = 4096, MOST_MAPS = 4096, VALUE_SIZE = 48 };
enum { MOST_LANES = 6, MOST_TAKEN = MOST_MEMBERS * MOST_ROUTES * MOST_PARTITIONS };
enum { LIVENESS_MS = 6 * 3600 * 1000 }; /* faults are over: now everything settles within this time */
enum {
    BESIDE_MS = 2 * 3600 * 1000
}; /* so does what goes to another platform than the dead one; a Retry-After has 1 h */

enum record_kind {
    GOOD,
    LARGE,
    TOMBSTONE,
    NOT_JSON,
    KEY_TWICE,
    NOT_UTF8,
    TOO_DEEP,
    TOO_LARGE,
    OMITTED,
    AGAINST_SCHEMA,
    NO_ID,
    NO_ROW,
    REFUSED,
    ANSWERED_500,
    DENSE,
    DENSE_SCHEMA,
    HUGE
};

/* What one member did with one record in one tenure. */
struct view {
    uint32_t tenure;
    bool read, started, settled;
    uint64_t request, letter; /* under way */
    const void *letter_made;  /* where the headers of its last letter stand */
    uint32_t too_large;       /* so often a letter was, and a smaller one can be made */
    uint32_t refusals;        /* of the record by itself */
    uint32_t attempts;
    bool spared, renewed; /* the last one was none; its token was refused */
    bool ambiguous, permanent;
    bool covered;     /* settled, and an acknowledged commit or its map says so */
    bool waits;       /* for another attempt */
    uint32_t company; /* so many may stand in a batch with it; 0 as many as the route has */
    char whole[65];   /* the id of the batch that must come again as it was; "" none */
    enum held held;   /* it waits for an operator */
    int64_t held_first;
    bool parked;        /* the core said so: its turn had come */
    bool doubt;         /* it may have been delivered, and its route sends nothing twice */
    bool clocked;       /* an attempt has failed in this tenure, and no operator is waited for: its patience runs */
    int64_t clock_from; /* up-time of its platform then */
    int64_t spent_ms;   /* of its patience before */
    bool follows;       /* into the dead letters, behind another one */
};

/* A key one of whose events was dead-lettered here, where the route holds or follows. */
struct dead_lane {
    bool known;
    int64_t first, last, until;
    int64_t released; /* what was read below this offset when it was let go last */
};

/* The metadata of a commit. */
struct map_text {
    size_t size;
    char text[512];
};

/* A map that was told, read. */
struct taken_map {
    uint32_t tenure; /* to whom; 0: not read yet */
    struct offset_map map;
};

struct record {
    int64_t offset;
    int64_t at_ms; /* when it was produced */
    enum record_kind kind;
    uint32_t key; /* 0 none */
    bool long_key;
    const struct header *headers;
    size_t header_count;
    uint32_t incarnation; /* of the log */
    char small[VALUE_SIZE];
    const char *value;
    char id[80];      /* of its first request; every further one must carry the same */
    bool settled;     /* truly, as far as the world knows */
    bool gone;        /* cut off by the broker */
    uint32_t covered; /* the generation in which somebody was told that the broker knows it as settled; 0 none */
    bool failed;      /* an attempt of anybody's */
    int64_t failed_ms;
    struct view view[MOST_MEMBERS];
};

struct partition_log {
    struct record record[MOST_RECORDS];
    uint32_t count, start;       /* start: the first that is not cut off */
    uint32_t incarnation, first; /* how often the topic was made anew, and where its records begin since */
    bool forgot;                 /* the store has lost something it had acknowledged */
    int64_t committed;           /* -1 never */
    bool stopped;                /* an operator is coming */
    int64_t highest;             /* ever committed; a late commit may turn it back */
    struct map_text map;
};

/* What the records of a partition have in common. */
struct kinship {
    bool hot;    /* nearly all have one key */
    bool large;  /* all that are good are large */
    bool dense;  /* and take much memory */
    bool headed; /* all have many headers */
    bool long_keys;
};

struct log_place {
    uint32_t route, partition, incarnation;
};

/* The group of one route, as its coordinator sees it. */
struct coordinator {
    uint32_t generation, round;
    bool rebalancing;
    bool given[MOST_MEMBERS], waiting[MOST_MEMBERS], expired[MOST_MEMBERS];
    struct partition_log log[MOST_PARTITIONS];
    uint32_t partitions;
};

struct reading {
    bool mine, begun, stopped, scheduled;
    bool wants;     /* the core was told what its next record takes */
    uint32_t asked; /* which one that is, of the log's */
    bool foreign;   /* out of range: nothing more is committed */
    uint32_t incarnation;
    int64_t position, next; /* of the reader; what the core wants next */
    int64_t reached;        /* the last that the group acknowledged or told, also in the tenure before; -1 none */
    int64_t seen;           /* behind the last record that the core was given */
    uint32_t events;
    size_t bytes;
    int64_t begin, said, acknowledged, told; /* commits of this tenure; -1 none */
    struct map_text map;                     /* beside what is acknowledged */
    struct map_text taken;                   /* what it was told when it began */
    struct dead_lane dead[MOST_LANES];
};

/* One assignment of one member. */
struct tenure {
    uint32_t epoch, number, generation;
    bool held, draining, committing, error, fenced, released;
    bool mapless;                  /* the broker takes no metadata from it */
    int64_t revoked_ms, closed_ms; /* closed: when it was drained, or out of time; -1 not yet */
    struct reading reading[MOST_PARTITIONS];
    uint64_t consumed, settled, known, unsettled, exposed; /* all but the last two: of this life of the member */
    uint32_t open;
};

struct open_request {
    uint64_t id;
    uint32_t route, tenure, count;
    struct record *record[MOST_TOGETHER]; /* `count` of them, at least one */
    char batch[65];                       /* its id; "" a single event's request or a letter */
    bool letter, aborted, small;          /* small: a letter without its value */
    size_t size;                          /* of a letter */
    bool probe, renewed;                  /* it probes its platform; it repeats one whose token was refused */
    uint64_t token;                       /* that it was sent with; 0 none */
};

struct member {
    struct flow *flow;
    const struct setting *setting; /* of its generation */
    uint32_t index, life;
    bool stopping, missed, unsure; /* unsure: a commit failed or was not answered */
    int doom;                      /* a crash comes with the next step */
    int64_t last_ms, wake_ms, stalled_ms, fence_ms, woken_ms;
    struct tenure tenure[MOST_ROUTES];
    int64_t reached[MOST_ROUTES][MOST_PARTITIONS]; /* in the tenure before; -1 none */
    struct {
        enum platform_state state; /* as last reported */
        bool probed;               /* since it is half open */
        int64_t up_ms, up_from;    /* how long it was up before, and since when it is */
        uint64_t token, useless;   /* the last that was taken; those up to this one are refused */
        uint64_t worn;             /* those up to this one the core wants no more */
        int64_t worn_ms;
        int64_t told_ms; /* another worker looks first: not probed before */
        struct {
            bool pending;
            enum platform_state state;
            int64_t until_ms;
        } post; /* the last word of another worker of its process */
    } platform[MOST_ROUTES];
    struct open_request open[MOST_OPEN];
    uint32_t open_count;
    struct actions actions;
    struct buf lines; /* of its life so far, where a story is told: as tests/cases tells them */
};

/* What the body of an answer says. */
enum body { BODY_NOTHING, BODY_YES, BODY_NO, BODY_NEVER };

/* What an answer means by the world's own rules. */
enum meaning { SETTLES, FAILS, SPARED, REFUSES, FOR_EVER, IN_DOUBT, SAYS_NOTHING };

enum task_kind {
    TASK_REPLY,
    TASK_LETTER,
    TASK_STORE,
    TASK_RESULT,
    TASK_COMMITTED,
    TASK_FETCH,
    TASK_ASSIGNED,
    TASK_REVOKED,
    TASK_LOST,
    TASK_DEADLINE,
    TASK_READY,
    TASK_REBALANCE,
    TASK_OPERATOR,
    TASK_RELEASE,
    TASK_RESTART,
    TASK_STOP,
    TASK_TABLE,
    TASK_TELL
};

/* Something that will happen. */
struct task {
    int64_t at_ms;
    uint64_t turn;
    enum task_kind kind;
    uint32_t member, life, route, number; /* number: epoch, generation, partition, mask or round */
    uint64_t id;
    int what; /* commit error, letter outcome, reply kind */
    enum reply_fault fault;
    int status;
    int64_t retry_ms;
    bool again, answered, cut;
    int says;                        /* what stands in the answer's body: enum body */
    int64_t offset[MOST_PARTITIONS]; /* STORE: -1 none */
    uint32_t map[MOST_PARTITIONS];   /* of world->maps; of these the latest are kept */
    uint32_t incarnation[MOST_PARTITIONS];
};

/* Members that share it start, stop, crash and change their configuration together, and tell each other of platforms.
 */
struct process {
    uint32_t generation; /* of the files that it reads when it starts */
    bool reloading;      /* it starts again as soon as all have stopped */
    /* What its members leave to those that come after a reload: as the cores say it, and as the ledger does. */
    struct reached left[MOST_ROUTES][MOST_MEMBERS * MOST_PARTITIONS];
    size_t left_count[MOST_ROUTES];
    int64_t reached[MOST_ROUTES][MOST_PARTITIONS];
};

struct world {
    struct scene scene;
    struct process process[MOST_MEMBERS];
    const struct props *props;
    struct choices *choices;
    int64_t now_ms, freeze_ms, outage_ms[MOST_ROUTES], letter_outage_ms, kafka_outage_ms, token_outage_ms;
    int64_t wall_ms; /* the calendar's error */
    struct {
        uint32_t platform;
        bool silent; /* it answers nothing; else it takes no connection */
        int64_t from_ms, until_ms;
    } dead; /* one of two platforms; all zero: none */
    bool frozen;
    uint32_t restless; /* per million steps: something happens */
    struct member member[MOST_MEMBERS];
    struct coordinator group[MOST_ROUTES];
    struct task *tasks; /* heap */
    uint32_t task_count, map_count;
    struct map_text *maps;   /* MOST_MAPS, the latest */
    struct taken_map *taken; /* MOST_TAKEN: what each member was told of each partition */
    uint64_t turn, steps;
    uint32_t tenures, poisoned;
    const struct input *input; /* of the step under way */
    struct record *fed;        /* its record, where it is one */
    struct open_request cause; /* whose answer it is; id 0 none */
    bool cause_settles;        /* success or acknowledged */
    uint64_t refused;          /* the token that it says is refused, and must be replaced in this step; 0 none */
    uint32_t refused_by;       /* the platform */
    const char *rule;          /* violated */
    char what[256];
    jmp_buf *end;
    struct buf *story; /* NULL: not told */
    uint32_t teller;   /* the member whose step was the last */
    const char *keys;  /* explore: of the only partition's records; NULL: drawn */
    uint64_t oldest;   /* explore: what has waited longest, and how many timers came before it */
    uint32_t ahead;
    bool broken; /* the core called bug(): its memory is not to be touched */
};

/* Plays one seed from the choices. True: no violation; else world->rule and what. */
bool world_play(struct world *world, const struct props *props, struct choices *choices, struct buf *story);

/* Frees what is left after a play. */
void world_finish(struct world *world);

/* A promise was broken: the play ends, with the rule's name and a sentence. */
#define violated(world, name, ...)                                                                                     \
    ((void)snprintf((world)->what, sizeof(world)->what, __VA_ARGS__), play_ends(world, name))
_Noreturn void play_ends(struct world *world, const char *rule);

/* task.c */
void later(struct world *world, struct task task, int64_t delay_ms);
struct task task_take(struct world *world, uint32_t place); /* out of the heap */
/* world.c */
void task_run(struct world *world, const struct task *task);
/* member.c */
void member_start(struct world *world, struct member *member);
void member_task(struct world *world, struct member *member, const struct task *task);
void member_wakes(struct world *world, struct member *member);
void feed(struct world *world, struct member *member, struct input *input);
void member_end(struct world *world, struct member *member, bool crashed);
/* process.c */
void process_start(struct world *world, uint32_t process);
void process_stop(struct world *world, uint32_t process, int64_t delay_ms);
void process_reload(struct world *world, uint32_t process);
void process_leave(struct world *world, const struct member *member);
void process_inherit(struct world *world, struct member *member);
void process_ended(struct world *world, struct member *member, bool crashed);
void process_tell(struct world *world, const struct member *member, const struct action *action);
void process_task(struct world *world, const struct task *task);
/* group.c */
void group_rebalance(struct world *world, uint32_t route);
void group_returned(struct world *world, uint32_t route, uint32_t member);
void group_expire(struct world *world, uint32_t route, uint32_t member, int64_t told_ms);
void group_task(struct world *world, const struct task *task);
void assign(struct world *world, struct member *member, uint32_t route, uint32_t mask);
void tenure_end(struct world *world, struct member *member, uint32_t route);
/* log.c */
void logs_draw(struct world *world);
uint32_t logs_partitions(const struct world *world);
/* Whether all is settled and committed; `what` (may be NULL) says what is not. */
bool logs_done(const struct world *world, char *what, size_t size);
bool logs_route_done(const struct world *world, uint32_t route, char *what, size_t size);
void log_task(struct world *world, const struct task *task);
void log_look(struct world *world, struct member *member, uint32_t route, uint32_t partition);
void log_credit(struct world *world, struct member *member, const struct action *action);
void log_error(struct world *world, struct member *member, uint32_t route, uint32_t partition,
               enum partition_error error);
void log_stopped(struct world *world, uint32_t route, uint32_t partition);
int64_t log_base(const struct world *world, const struct member *member, uint32_t route, uint32_t partition);
struct record *log_record(struct world *world, const struct member *member, struct place place, int64_t offset);
void log_recreate(struct world *world, uint32_t route);
void log_forget(struct world *world, uint32_t route);
void feed_record(struct world *world, struct member *member, uint32_t route, uint32_t partition, struct record *record,
                 uint32_t epoch);
/* record.c */
void records_init(void);
void record_draw(struct world *world, struct record *record, int64_t offset, struct kinship kin);
struct span record_key(const struct record *record);
struct span record_value(const struct record *record);
size_t record_omitted(const struct record *record); /* bytes of a value that is left out */
size_t record_size(const struct record *record);    /* as credit counts */
struct event *record_event(const struct record *record, struct place place);
char record_query(const struct record *record);
/* letter.c */
void letter_check(struct world *world, struct member *member, struct open_request *open, const struct letter *letter);
void letter_refused(const struct member *member, struct record *record);
/* store.c */
void store_task(struct world *world, const struct task *task);
void store_commit(struct world *world, struct member *member, const struct action *action);
void store_check_commit(struct world *world, struct log_place at, int64_t offset, const char *who);
void store_check_map(struct world *world, struct log_place at, const struct offset_map *map, const char *who);
const struct offset_map *store_taken(const struct world *world, const struct member *member, uint32_t route,
                                     uint32_t partition);
/* answer.c */
void answer_request(struct world *world, struct member *member, struct open_request *open);
void answer_abort(struct world *world, struct member *member, const struct open_request *open);
void answer_letter(struct world *world, struct member *member, const struct open_request *open);
void answer_task(struct world *world, const struct task *task);
/* token.c */
bool token_take(struct world *world, struct member *member, struct open_request *open);
bool token_is_refused(struct world *world, struct member *member, const struct open_request *open);
bool token_noted(struct world *world, struct member *member, const struct task *task, const struct open_request *open);
void token_check(struct world *world, struct member *member, const struct action *action);
void token_check_attempt(struct world *world, const struct member *member, const struct open_request *open,
                         const struct request *request);
/* check.c */
void check_action(struct world *world, struct member *member, const struct action *action);
void check_step(struct world *world, struct member *member);
struct open_request *open_find(struct member *member, uint64_t id);
/* carried.c */
void check_carried(struct world *world, const struct member *member, struct open_request *open,
                   const struct request *request);
void note_carried(struct world *world, struct member *member, enum meaning meaning, const struct task *task,
                  const struct open_request *open);
/* order.c */
void check_order(struct world *world, const struct member *member, uint32_t route, uint32_t partition,
                 const struct record *record, uint32_t tenure, uint64_t id);
struct span check_id(struct world *world, const struct member *member, uint32_t route, struct record *record,
                     const struct request *request);
void check_again(struct world *world, const struct member *member, uint32_t route, uint32_t partition,
                 const struct record *record);
void check_window(struct world *world, const struct member *member, uint32_t route, uint32_t partition);
void check_platform(struct world *world, struct member *member, uint32_t platform);
void check_told(struct world *world, const struct member *member, uint32_t route, const struct commit_entry *entry,
                const struct offset_map *map);
void check_covered(struct world *world, struct member *member, uint32_t route);
uint32_t refusals_before(const struct world *world, const struct member *member, uint32_t route, uint32_t partition,
                         const struct record *record);
/* patience.c */
void patience_platform(const struct world *world, struct member *member, uint32_t platform, enum platform_state state);
void patience_sleeps(struct member *member, int64_t gap_ms);
void patience_runs(const struct world *world, const struct member *member, uint32_t route, struct view *view);
void patience_rests(const struct world *world, const struct member *member, uint32_t route, struct view *view);
bool patience_ended(const struct world *world, const struct member *member, uint32_t route, const struct view *view);
/* hold.c */
void hold_doubt(struct member *member, const struct open_request *open, bool doubt);
void hold_read(const struct world *world, struct member *member, uint32_t route, uint32_t partition,
               struct record *record);
void hold_check_request(struct world *world, struct member *member, struct place place, const struct record *record);
void hold_check_letter(struct world *world, struct member *member, struct record *record, const struct letter *letter);
void hold_check_told(struct world *world, const struct member *member, uint32_t route, const struct commit_entry *entry,
                     const struct offset_map *map);
void hold_died(struct member *member, uint32_t route, uint32_t partition, const struct record *record);
void hold_reported(struct world *world, struct member *member, const struct action *action);
void hold_seen(const struct world *world, struct member *member, uint32_t route, uint32_t partition,
               const struct record *record);
void hold_task(struct world *world, const struct task *task);
/* explore.c */
bool explore_known(const struct world *world);
bool explore_step(struct world *world);
bool explore_goes_on(const struct world *world);
/* paste.c */
void paste_begin(struct world *world, struct member *member, uint64_t seed);
void paste_input(struct world *world, struct member *member, const struct input *input);
void paste_settings(const struct world *world, struct buf *out);
void paste_route(const struct world *world, struct buf *out);
/* likeness.c */
uint64_t world_likeness(const struct world *world);
/* chaos.c */
void chaos(struct world *world);

#endif
