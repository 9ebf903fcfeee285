/* A fault is one kind of misfortune that the world may bring about, by name. How often it comes is drawn per seed. */
#ifndef SLUSS_TESTS_SIMULATE_FAULT_H
#define SLUSS_TESTS_SIMULATE_FAULT_H

#include <stddef.h>
#include <stdint.h>

/* One a line. */
/* clang-format off */
#define FAULTS(each) \
    each(CRASH_BEFORE, "crash before the actions of a step") \
    each(CRASH_AMID, "crash amid the actions of a step") \
    each(CRASH_AFTER, "crash after the actions of a step") \
    each(STALL, "stopped for longer than half a session") \
    each(STALL_EXPIRED, "stopped for so long that the group gave the partitions away") \
    each(SUSPENDED, "machine suspended for up to half an hour") \
    each(REBALANCE, "eager rebalance") \
    each(LOST, "assignment lost, told late") \
    each(ASSIGNED_TWICE, "assigned anew without a revoke") \
    each(ASSIGNED_STALE, "assigned, of an older epoch") \
    each(ASSIGNED_EMPTY, "assigned no partition") \
    each(REVOKED_STALE, "revoked, of an older epoch") \
    each(LOST_STALE, "lost, of an older epoch") \
    each(DRAIN_LATE, "handed back too late for the group") \
    each(STOP, "stop") \
    each(STOP_TWICE, "second stop") \
    each(RELOAD, "configuration changed, the process goes on with the new one") \
    each(REPLY_TWICE, "reply that came twice") \
    each(REPLY_UNKNOWN, "reply to a request nobody sent") \
    each(REPLY_STALE, "reply of an older epoch") \
    each(REPLY_REORDERED, "reply that overtook another") \
    each(ABORT_RACE, "answer that came although the request was aborted") \
    each(ABORT_UNSENT, "request aborted before it was sent") \
    each(LETTER_TWICE, "dead-letter report that came twice") \
    each(LETTER_STALE, "dead-letter report of an older epoch") \
    each(LETTER_FAILED, "dead letter failed") \
    each(LETTER_WRITTEN, "dead letter written, report says failed") \
    each(LETTER_TOO_LARGE, "dead letter too large") \
    each(LETTER_STILL_LARGE, "dead letter too large, also without its value") \
    each(LETTER_MOST, "dead letter larger than its topic takes") \
    each(LETTER_NO_HEADERS, "dead letter written without its headers") \
    each(LETTER_NO_KEY, "dead letter written without its key") \
    each(LETTER_SLOW, "dead-letter report slow") \
    each(LETTER_OUTAGE, "dead-letter topic down for a while") \
    each(COMMIT_RETRY, "commit: try again") \
    each(COMMIT_FENCED, "commit: fenced") \
    each(COMMIT_REBALANCING, "commit refused while the group rebalances") \
    each(COMMIT_TOO_LARGE, "commit: metadata too large") \
    each(COMMIT_FAILED, "commit: failed") \
    each(COMMIT_ANSWER_LOST, "commit stored, answer lost") \
    each(COMMIT_PARTIAL, "commit stored for some of its partitions, refused as a whole") \
    each(COMMIT_SLOW, "commit slow") \
    each(COMMIT_REORDERED, "commit that reached the store after a later one") \
    each(COMMIT_LOST, "commit acknowledged, and lost by the store") \
    each(COMMIT_STALE, "commit result of an older epoch") \
    each(COMMITTED_FAILED, "committed offset could not be read") \
    each(COMMITTED_SLOW, "committed offset read slowly") \
    each(COMMITTED_STALE, "committed offset of an older epoch") \
    each(GAP, "gap in the log") \
    each(REWIND, "record given again") \
    each(EVENT_STALE, "record of an older epoch") \
    each(EVENT_DRAINING, "record or wish of an assignment that drains") \
    each(WANTED_STALE, "wish for credit of an older epoch") \
    each(OUT_OF_RANGE, "committed offset out of range") \
    each(RECREATED, "topic deleted and made anew") \
    each(GONE_OUTSIDE, "topic deleted, as one hears who has none of its partitions") \
    each(KAFKA_OUTAGE, "Kafka out of reach for a while") \
    each(TRUNCATED, "log truncated above the committed offset") \
    each(UNAVAILABLE, "partition unavailable") \
    each(PARTITION_STALE, "partition error of an older epoch") \
    each(MAP_LOST, "offset map beside a commit lost") \
    each(MAP_BROKEN, "offset map beside a commit broken") \
    each(MAP_NEWER, "offset map of a newer version") \
    each(FORGOTTEN, "coordinator that forgot what was committed") \
    each(BEGUN_LOWER, "begun below what was committed before") \
    each(INHERITED, "reload with something committed before it") \
    each(BEGUN_NEVER, "told that nothing is committed, of what it had committed itself") \
    each(NEVER_COMMITTED, "nothing committed yet") \
    each(HEADERS, "record with headers") \
    each(HEADERS_MANY, "record with 220 headers") \
    each(HEADERS_LARGE, "record with headers larger than its value") \
    each(HEADERS_OURS, "record with headers of an earlier dead letter") \
    each(LONG_KEYS, "partition of long keys") \
    each(NULL_KEY, "record without key") \
    each(HOT_KEY, "one key has nearly all records") \
    each(TOMBSTONE, "tombstone") \
    each(NOT_JSON, "value that is no JSON") \
    each(KEY_TWICE, "value with a key twice") \
    each(NOT_UTF8, "value that is not UTF-8") \
    each(TOO_DEEP, "value that is too deep") \
    each(TOO_LARGE, "value that is too large") \
    each(OMITTED, "value that was left out, so large is it") \
    each(LARGE, "value as large as may be") \
    each(ALL_LARGE, "partition full of values as large as may be") \
    each(DENSE, "value that takes more memory than its platform's lifeline has") \
    each(DENSE_SCHEMA, "value that takes as much, against its schema") \
    each(ALL_DENSE, "partition full of values that take so much") \
    each(ALL_HEADERS, "partition full of records with 220 headers") \
    each(HUGE, "value that takes more memory than there is for one event") \
    each(SCHEMA, "value against its schema") \
    each(TEMPLATE, "value that the path needs is missing") \
    each(ABSENT, "key that no table has") \
    each(POISON_REFUSED, "event that is always refused") \
    each(POISON_500, "event that is always answered 500") \
    each(ANSWERED_REFUSED, "400 404 409 410 413 422") \
    each(ANSWERED_429, "429") \
    each(ANSWERED_50X, "502 503 504") \
    each(ANSWERED_500, "408 425 500") \
    each(ANSWERED_401, "401 403 407") \
    each(TOKEN_REVOKED, "401 until another token comes") \
    each(TOKEN_USELESS, "401 to every token") \
    each(TOKEN_ENDED, "token that ended and was taken anew") \
    each(TOKEN_OUTAGE, "token endpoint down for a while") \
    each(ANSWERED_3XX, "301 304 307") \
    each(RETRY_AFTER, "Retry-After of up to an hour") \
    each(RETRY_AFTER_ABSURD, "Retry-After of a million years") \
    each(BODY_CUT, "success with its body cut") \
    each(BODY_NO, "success whose body says no") \
    each(BODY_NEVER, "answer whose body is permanent") \
    each(SLOW, "slow answer") \
    each(NOT_SENT, "name, connection or connect timeout") \
    each(NOT_SENT_HELD, "TLS or certificate") \
    each(NO_MEMORY, "no memory for a transfer") \
    each(AMBIGUOUS, "reset or timeout, not applied") \
    each(AMBIGUOUS_APPLIED, "reset or timeout, applied") \
    each(ENDLESS, "headers or body without end") \
    each(NO_ANSWER, "no answer before the timeout") \
    each(PLATFORM_OUTAGE, "platform down for a while") \
    each(PLATFORM_DEAD, "platform dead for good, beside another's routes") \
    each(RELEASE_ANY, "operator lets go what may not be held") \
    each(PLATFORM_TOLD, "another worker tells a platform's state") \
    each(TIMER_LATE, "timer late") \
    each(TIMER_NEVER, "timer that never came") \
    each(CALENDAR, "calendar that jumps") \
    each(TIMER_EARLY, "timer early") \
    each(TABLE_CHANGED, "table changed") \
    each(TABLE_LATE, "table came after the first record") \
    each(WINDOW_1, "window of 1") \
    each(MEMORY_SMALL, "memory limit of a few events")
/* clang-format on */

#define FAULT_NUMBER(name, words) FAULT_##name,
enum fault { FAULTS(FAULT_NUMBER) FAULT_COUNT };

extern const char *const fault_words[FAULT_COUNT];

#endif
