/* One function a family, in the order of the manual. */
#include "daemon/scrape.h"

#include "ops/metrics.h"

#include <stdio.h>

struct scrape {
    struct buf *out;
    const struct plan *plan;
    const struct snapshot *sum;
    int64_t now_ms;
    uint32_t platform_count; /* in use */
};

static void per_route(const struct scrape *scrape, const char *name, const char *type, const char *help,
                      double (*value)(const struct scrape *scrape, uint32_t route)) {
    metrics_family(scrape->out, name, type, help);
    for (uint32_t i = 0; i < scrape->plan->route_count; i++) {
        const struct metrics_label label[] = {{"route", scrape->plan->routes[i].name}};
        metrics_sample(scrape->out, name, "", label, 1, value(scrape, i));
    }
}

static double consumed(const struct scrape *scrape, uint32_t route) {
    return (double)scrape->sum->route[route].consumed;
}
static double known(const struct scrape *scrape, uint32_t route) {
    return (double)scrape->sum->route[route].known;
}
static double unsettled(const struct scrape *scrape, uint32_t route) {
    return (double)scrape->sum->route[route].unsettled;
}
static double exposed(const struct scrape *scrape, uint32_t route) {
    return (double)scrape->sum->route[route].exposed;
}
static double oldest(const struct scrape *scrape, uint32_t route) {
    int64_t since = scrape->sum->route[route].oldest_since_ms;
    return since < 0 || since > scrape->now_ms ? 0 : (double)(scrape->now_ms - since) / 1000.0;
}

static double held(const struct scrape *scrape, uint32_t route) {
    return (double)scrape->sum->route[route].held;
}

static void events(const struct scrape *scrape) {
    metrics_family(scrape->out, "sluss_events_total", "counter", "Events by how they ended.");
    for (uint32_t i = 0; i < scrape->plan->route_count; i++)
        for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
            const struct metrics_label label[] = {{"route", scrape->plan->routes[i].name},
                                                  {"outcome", span_of(outcome_name((enum outcome)outcome))}};
            metrics_sample(scrape->out, "sluss_events_total", "", label, 2,
                           (double)scrape->sum->route[i].outcome[outcome]);
        }
}

static void two_results(const struct scrape *scrape, const char *name, const char *help, bool attempts) {
    metrics_family(scrape->out, name, "counter", help);
    for (uint32_t i = 0; i < scrape->plan->route_count; i++) {
        const struct route_counts *counts = &scrape->sum->route[i];
        struct metrics_label label[] = {{"route", scrape->plan->routes[i].name}, {"result", SPAN("ok")}};
        metrics_sample(scrape->out, name, "", label, 2, (double)(attempts ? counts->attempts_ok : counts->commits_ok));
        label[1].value = SPAN("failed");
        metrics_sample(scrape->out, name, "", label, 2,
                       (double)(attempts ? counts->attempts_failed : counts->commits_failed));
    }
}

static void lag(const struct scrape *scrape) {
    metrics_family(scrape->out, "sluss_lag_events", "gauge", "Records behind the last one read, by the last fetch.");
    for (size_t i = 0; i < scrape->sum->lag_count; i++) {
        const struct partition_lag *one = &scrape->sum->lag[i];
        const struct route *route = &scrape->plan->routes[one->route];
        char partition[16];
        (void)snprintf(partition, sizeof partition, "%d", (int)one->partition);
        const struct metrics_label label[] = {
            {"route", route->name}, {"topic", route->topics[one->topic]}, {"partition", span_of(partition)}};
        metrics_sample(scrape->out, "sluss_lag_events", "", label, 3, (double)one->events);
    }
}

static void platforms(const struct scrape *scrape) {
    metrics_family(scrape->out, "sluss_platform_state", "gauge", "1 for the state that the platform is in.");
    for (uint32_t i = 0; i < scrape->platform_count; i++)
        for (int state = PLATFORM_UP; state <= PLATFORM_HELD; state++) {
            const struct metrics_label label[] = {{"platform", scrape->plan->platforms[i].name},
                                                  {"state", span_of(platform_state_name((enum platform_state)state))}};
            metrics_sample(scrape->out, "sluss_platform_state", "", label, 2,
                           scrape->sum->platform[i].state == (enum platform_state)state ? 1 : 0);
        }
    metrics_family(scrape->out, "sluss_in_flight", "gauge", "Requests under way.");
    for (uint32_t i = 0; i < scrape->platform_count; i++) {
        const struct metrics_label label[] = {{"platform", scrape->plan->platforms[i].name}};
        metrics_sample(scrape->out, "sluss_in_flight", "", label, 1, scrape->sum->platform[i].in_flight);
    }
}

/* Only of platforms whose certificate was seen; below 0 when it has ended. */
static void certificates(const struct scrape *scrape, int64_t wall_ms) {
    metrics_family(scrape->out, "sluss_certificate_expiry_seconds", "gauge",
                   "Until the first of the platform's certificates, or ours for it, ends.");
    for (uint32_t i = 0; i < scrape->platform_count; i++) {
        int64_t end_ms = scrape->sum->certificate_ms[i];
        const struct metrics_label label[] = {{"platform", scrape->plan->platforms[i].name}};
        if (end_ms != 0)
            metrics_sample(scrape->out, "sluss_certificate_expiry_seconds", "", label, 1,
                           (double)(end_ms - wall_ms) / 1000.0);
    }
}

static void latency_one(const struct scrape *scrape, const struct latency_series *series) {
    char status[16], bound[24];
    uint64_t below = 0;
    (void)snprintf(status, sizeof status, "%d", series->status);
    struct metrics_label label[] = {{"platform", scrape->plan->platforms[series->platform].name},
                                    {"status", series->status == 0 ? SPAN("none") : span_of(status)},
                                    {"le", SPAN("+Inf")}};
    for (uint32_t i = 0; i < LATENCY_BUCKETS; i++) {
        below += series->bucket[i];
        (void)snprintf(bound, sizeof bound, "%g", latency_bound_ms[i] / 1000.0);
        label[2].value = span_of(bound);
        metrics_sample(scrape->out, "sluss_http_request_duration_seconds", "_bucket", label, 3, (double)below);
    }
    label[2].value = SPAN("+Inf");
    metrics_sample(scrape->out, "sluss_http_request_duration_seconds", "_bucket", label, 3, (double)series->count);
    metrics_sample(scrape->out, "sluss_http_request_duration_seconds", "_sum", label, 2, series->sum_seconds);
    metrics_sample(scrape->out, "sluss_http_request_duration_seconds", "_count", label, 2, (double)series->count);
}

static void build_info(const struct scrape *scrape, const struct scrape_process *process) {
    const struct metrics_label label[] = {{"version", span_of(process->version)},
                                          {"librdkafka", span_of(process->librdkafka)},
                                          {"curl", span_of(process->curl)},
                                          {"jansson", span_of(process->jansson)}};
    metrics_family(scrape->out, "sluss_build_info", "gauge", "Versions; always 1.");
    metrics_sample(scrape->out, "sluss_build_info", "", label, 4, 1);
}

void scrape_write(struct buf *out, const struct plan *plan, const struct snapshot *sum,
                  const struct scrape_process *process, int64_t now_ms, int64_t wall_ms) {
    const struct scrape scrape = {out, plan, sum, now_ms, process->platform_count};
    per_route(&scrape, "sluss_events_consumed_total", "counter", "Events admitted.", consumed);
    events(&scrape);
    per_route(&scrape, "sluss_events_known_total", "counter", "Events read again, known as settled.", known);
    per_route(&scrape, "sluss_events_unsettled", "gauge", "Events that are here and not settled.", unsettled);
    per_route(&scrape, "sluss_keys_held", "gauge", "Keys that wait for an operator: slussctl release.", held);
    per_route(&scrape, "sluss_oldest_unsettled_seconds", "gauge",
              "Age of the oldest event that is here and not settled.", oldest);
    lag(&scrape);
    metrics_family(out, "sluss_http_request_duration_seconds", "histogram", "How long requests took.");
    for (uint32_t i = 0; i < sum->latency.count; i++)
        latency_one(&scrape, &sum->latency.series[i]);
    two_results(&scrape, "sluss_delivery_attempts_total", "Attempts to deliver.", true);
    platforms(&scrape);
    certificates(&scrape, wall_ms);
    two_results(&scrape, "sluss_commits_total", "Offset commits.", false);
    per_route(&scrape, "sluss_duplicates_exposed", "gauge", "Events a crash now would send again.", exposed);
    metrics_family(out, "sluss_memory_accounted_bytes", "gauge", "Memory of events, letters and maps.");
    metrics_sample(out, "sluss_memory_accounted_bytes", "", NULL, 0, (double)sum->bytes);
    metrics_family(out, "sluss_kafka_answers", "gauge", "1 if a broker answered when one was asked last.");
    metrics_sample(out, "sluss_kafka_answers", "", NULL, 0, process->kafka_answers ? 1 : 0);
    metrics_family(out, "sluss_config_generation", "gauge", "Configuration in use.");
    metrics_sample(out, "sluss_config_generation", "", NULL, 0, (double)plan->generation);
    metrics_family(out, "sluss_config_last_reload_ok", "gauge",
                   "1 unless the last reload was refused or did not start.");
    metrics_sample(out, "sluss_config_last_reload_ok", "", NULL, 0, process->reload_ok ? 1 : 0);
    build_info(&scrape, process);
}
