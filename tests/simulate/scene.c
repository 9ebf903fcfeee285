/* Drawing a scene: small numbers, hard edges. Nothing here happens yet. */
#include "scene.h"

#include "choices.h"
#include "deliver/acceptance.h"
#include "schema/schema.h"

#define FAULT_WORDS(name, words) words,
const char *const fault_words[FAULT_COUNT] = {FAULTS(FAULT_WORDS)};

static const struct status_range success[] = {{200, 299}, {409, 409}};
static const struct span permanent[] = {{"Never", 5}};
static const struct status_range retry[] = {{408, 408}, {425, 425}, {429, 429}, {500, 599}};
static const struct status_range hold[] = {{401, 401}, {403, 403}, {407, 407}};
static const struct status_range dead[] = {{400, 499}};
static const struct span topics[MOST_ROUTES] = {{"arende.v1", 9}, {"beslut.v1", 9}};
static const struct span names[MOST_ROUTES] = {{"bygglov", 7}, {"bostad", 6}};
static struct schema_registry *registry;

bool props_init(struct props *props) {
    struct schema_problem problem = {0};
    registry = schema_registry_create(NULL);
    if (registry == NULL ||
        !schema_registry_add(registry, SPAN("simulate.json"), SPAN("{\"properties\":{\"n\":{\"type\":\"integer\"}}}"),
                             "simulate.json", &problem))
        return false;
    props->schema = schema_compile(registry, SPAN("simulate.json"), &problem);
    props->target = template_create(TEMPLATE_TARGET, SPAN("/errands/{$.id}"), NULL);
    props->batch_target = template_create(TEMPLATE_TARGET, SPAN("/import/{$.n ?? \"0\"}"), NULL);
    props->key = json_path_create(SPAN("$.s"), NULL);
    props->into = json_path_create(SPAN("$.t"), NULL);
    props->tables[0] = lookup_table_create(SPAN(TABLE_ONE), SPAN("code"), SPAN("name"), NULL);
    props->tables[1] = lookup_table_create(SPAN(TABLE_TWO), SPAN("code"), SPAN("name"), NULL);
    props->accept = acceptance_create(SPAN("$.code == 20"), NULL);
    return props->schema != NULL && props->target != NULL && props->batch_target != NULL && props->key != NULL &&
           props->into != NULL && props->tables[0] != NULL && props->tables[1] != NULL && props->accept != NULL;
}

void props_finish(struct props *props) {
    schema_program_destroy(props->schema);
    schema_registry_destroy(registry);
    template_destroy(props->target);
    template_destroy(props->batch_target);
    acceptance_destroy(props->accept);
    json_path_destroy(props->key);
    json_path_destroy(props->into);
    for (size_t i = 0; i < TABLE_VERSIONS; i++)
        lookup_table_release(props->tables[i]);
}

static void draw_platform(struct platform_spec *platform, const struct props *props, struct choices *choices) {
    static const int64_t timeouts[] = {2000, 500, 10000, 30000};
    static const uint64_t rates[] = {0, 0, 50000, 10000, 3333};
    *platform = (struct platform_spec){.name = SPAN("oep"),
                                       .auth.kind = choose(choices, 3) == 2 ? AUTH_OAUTH2 : AUTH_NONE,
                                       .timeout_ms = timeouts[choose(choices, 4)],
                                       .max_in_flight = 8 >> choose(choices, 4),
                                       .rate = rates[choose(choices, 5)],
                                       .retry_budget = 1 + choose(choices, 100),
                                       .breaker = {.failures = 1 + choose(choices, 5),
                                                   .share = 85,
                                                   .of = choose(choices, 2) == 0 ? 100 : 10,
                                                   .within_ms = 10000,
                                                   .open_ms = 500 + choose(choices, 5) * 1000,
                                                   .max_open_ms = 10000},
                                       .success = {success, choose(choices, 3) == 2 ? 2 : 1},
                                       .retry = {retry, 4},
                                       .hold = {hold, 3},
                                       .dead_letter = {dead, 1},
                                       .accept = choose(choices, 3) == 2 ? props->accept : NULL,
                                       .permanent = {permanent, choose(choices, 2)}};
}

static void draw_route(struct setting *setting, const struct props *props, uint32_t index, bool apart,
                       struct choices *choices) {
    struct route *route = &setting->route[index];
    setting->recipe[index] =
        (struct recipe){.key = props->key,
                        .into = props->into,
                        .absent = choose(choices, 2) == 0 ? ABSENT_DEAD_LETTER : ABSENT_SKIP_EVENT};
    static const enum ambiguous ambiguities[] = {AMBIGUOUS_RETRY, AMBIGUOUS_RETRY,       AMBIGUOUS_RETRY,
                                                 AMBIGUOUS_RETRY, AMBIGUOUS_DEAD_LETTER, AMBIGUOUS_HOLD};
    *route = (struct route){.name = names[index],
                            .topics = &topics[index],
                            .topic_count = 1,
                            .tombstone = choose(choices, 3) == 2 ? TOMBSTONE_DEAD_LETTER : TOMBSTONE_FILTER,
                            .gate = {.program = props->schema, .name = SPAN("simulate.json")},
                            .recipes = choose(choices, 3) != 0 ? &setting->recipe[index] : NULL,
                            .refusals = 1 + choose(choices, 3),
                            .ambiguous = ambiguities[choose(choices, 6)],
                            .retry = {.first_ms = 50 + choose(choices, 20) * 50, .max_ms = 10000},
                            .dead_letter = SPAN("arende.v1.dlq"),
                            .order_by = props->key};
    static const enum order_kind orders[] = {ORDER_KEY, ORDER_KEY, ORDER_KEY, ORDER_PARTITION, ORDER_NONE, ORDER_QUERY};
    static const enum after_letter afterwards[] = {AFTER_CONTINUE, AFTER_CONTINUE, AFTER_CONTINUE,
                                                   AFTER_CONTINUE, AFTER_HOLD,     AFTER_FOLLOW};
    route->order = orders[choose(choices, 6)];
    route->after_letter = afterwards[choose(choices, 6)];
    if (route->order == ORDER_NONE)
        route->after_letter = AFTER_CONTINUE;
    route->decode.limits = (struct json_limits){.size = EVENT_BYTES, .depth = 8, .members = 65536, .memory = 64 << 20};
    static const enum start_kind starts[] = {START_EARLIEST, START_TIME, START_STOP};
    route->start.kind = starts[choose(choices, 3)];
    route->start.wall_ms = 1700000000000;
    route->recipe_count = route->recipes != NULL ? 1 : 0;
    route->retry.patience_ms = choose(choices, 2) == 0 ? 86400000 : 2000 + choose(choices, 30) * 1000;
    route->window = strikes(choices, FAULT_WINDOW_1) ? 1 : 2 + choose(choices, 30);
    route->exposure = route->window + choose(choices, 2) * choose(choices, 60);
    route->mapping = (struct mapping_spec){.platform = apart ? index : choose(choices, setting->plan.platform_count),
                                           .method = SPAN("POST"),
                                           .target = props->target,
                                           .route = names[index],
                                           .topics = &topics[index],
                                           .body = BODY_EVENT};
    if (choose(choices, 3) != 2)
        return;
    route->mapping.target = props->batch_target;
    route->mapping.bundle = choose(choices, 2) == 0 ? BUNDLE_JSON_ARRAY : BUNDLE_NDJSON;
    route->batch.events = 1 + choose(choices, MOST_TOGETHER);
    route->batch.bytes = choose(choices, 3) == 2 ? 100 : 4096;
    route->batch.wait_ms = 1 + choose(choices, 2) * choose(choices, 5000);
}

/* What points into the setting itself. */
static void join(struct setting *setting) {
    struct plan *plan = &setting->plan;
    plan->platforms = setting->platform;
    plan->lookups = &setting->lookup;
    plan->routes = setting->route;
    for (uint32_t i = 0; i < plan->route_count; i++)
        setting->route[i].recipes = setting->route[i].recipe_count > 0 ? &setting->recipe[i] : NULL;
}

static void draw_first(struct setting *setting, struct scene *scene, const struct props *props,
                       struct choices *choices) {
    struct plan *plan = &setting->plan;
    plan->generation = 1;
    scene->apart = strikes(choices, FAULT_PLATFORM_DEAD) || strikes_often(choices, FAULT_PLATFORM_DEAD, 16);
    scene->little_memory = strikes(choices, FAULT_MEMORY_SMALL) || (scene->apart && choose(choices, 4) != 0);
    scene->dense = scene->little_memory && choose(choices, 5) > 2;
    scene->more_memory = (size_t)choose(choices, 8) * MORE_FOR_DENSE;
    if (scene->dense && !scene->apart && choose(choices, 2) == 1) {
        scene->apart = true;
        choices->count[FAULT_PLATFORM_DEAD]++;
    }
    plan->platform_count = scene->apart ? 2 : 1 + choose(choices, 2);
    plan->lookup_count = 1;
    setting->lookup = (struct lookup_spec){.name = SPAN("status")};
    scene->route_count = plan->route_count = scene->apart ? 2 : 1 + (choose(choices, 4) == 3 ? 1 : 0);
    plan->memory_limit = 64 << 20;
    static const size_t most[] = {1800, 4000, 12000};
    scene->letter_most = strikes(choices, FAULT_LETTER_MOST) ? most[choose(choices, 3)] : 0;
    scene->session_timeout_ms = plan->session_timeout_ms = choose(choices, 2) == 0 ? 45000 : 10000;
    plan->max_poll_interval_ms = choose(choices, 2) == 0 ? 300000 : 15000;
    for (uint32_t i = 0; i < plan->platform_count; i++)
        draw_platform(&setting->platform[i], props, choices);
    for (uint32_t i = 0; i < plan->route_count; i++)
        draw_route(setting, props, i, scene->apart, choices);
    join(setting);
}

/* Some of it is as before, some is not: also how many platforms there are, and which is whose. */
static void draw_next(struct setting *setting, const struct scene *scene, const struct props *props,
                      struct choices *choices) {
    *setting = scene->setting[0];
    if (choices->explore || choices->rate[FAULT_RELOAD] == 0)
        return;
    setting->plan.generation = 2;
    uint32_t before = setting->plan.platform_count;
    setting->plan.platform_count = scene->apart ? 2 : 1 + choose(choices, 2);
    for (uint32_t i = 0; i < setting->plan.platform_count; i++)
        if (i >= before || choose(choices, 2) == 1)
            draw_platform(&setting->platform[i], props, choices);
    for (uint32_t i = 0; i < setting->plan.route_count; i++) {
        struct route *route = &setting->route[i];
        if (route->mapping.platform < setting->plan.platform_count && choose(choices, 2) == 0)
            continue;
        draw_route(setting, props, i, scene->apart, choices);
        const struct route *first = &scene->setting[0].route[i];
        if (route->after_letter == AFTER_CONTINUE && first->after_letter == AFTER_CONTINUE)
            continue;
        route->order = first->order; /* by another one nobody could say which keys are dead */
        if (route->order == ORDER_NONE)
            route->after_letter = AFTER_CONTINUE;
    }
    join(setting);
}

/* Of all generations: much memory is taken, and where an order asks for it also as soon as an event is read. */
static void draw_dense(struct scene *scene, struct choices *choices) {
    for (uint32_t route = 0; route < MOST_ROUTES; route++) {
        bool asks = choose(choices, 2) == 1;
        for (uint32_t i = 0; i < GENERATIONS; i++) {
            struct route *spec = &scene->setting[i].route[route];
            spec->decode.limits.size = DENSE_EVENT_BYTES;
            spec->batch.bytes *= DENSE_BATCH;
            spec->order = asks ? ORDER_QUERY : spec->order;
        }
    }
}

void scene_draw(struct scene *scene, const struct props *props, struct choices *choices) {
    uint32_t most = 20000 + choose(choices, 300000);
    for (int i = 0; i < FAULT_COUNT; i++)
        choices->rate[i] = choices->explore          ? choices->rate[i]
                           : choose(choices, 2) != 0 ? 1 + choose(choices, most)
                                                     : 0;
    draw_first(&scene->setting[0], scene, props, choices);
    draw_next(&scene->setting[1], scene, props, choices);
    scene->members = 1 + choose(choices, MOST_MEMBERS);
    for (uint32_t i = 1; i < scene->members; i++)
        scene->process[i] = choose(choices, 3) == 2 ? scene->process[i - 1] : i;
    if (scene->dense)
        draw_dense(scene, choices);
    scene->tick_ms = scene->session_timeout_ms / 3;
}
