/* The inside of the daemon, shared by its life and by the reload. Not for other rooms. */
#ifndef SLUSS_DAEMON_DAEMON_PRIVATE_H
#define SLUSS_DAEMON_DAEMON_PRIVATE_H

#include "daemon/crew.h"
#include "daemon/daemon.h"
#include "daemon/expiry.h"
#include "daemon/tally.h"
#include "daemon/warnings.h"
#include "ops/admin.h"

struct daemon {
    const struct settings_options *options; /* how the configuration is read, also again */
    struct settings *settings;              /* of the generation that runs */
    size_t faults;                          /* errors of its routes, which were left out */
    struct crew *crew;
    struct expiry *expiry;
    struct tally *tally;
    struct settings *next; /* NULL, or the generation that follows when the crew has ended */
    struct crew *next_crew;
    uint64_t generations;       /* so many were taken */
    bool reload_refused;        /* the last time that one was asked for */
    struct error reload_failed; /* why the one that was taken last did not start; empty: it did */
    struct warnings warnings;   /* of the configuration, that were said */
    struct buf admin_begun;     /* where the admin server is, which no reload moves */
    struct admin *admin;
    int signals;
    int done;
    unsigned stops;
    int64_t begun_ms; /* when the crew was started */
    bool ready_told;
    bool late_told; /* that some route waits: ready without it */
    int64_t watchdog_ms;
    int64_t watchdog_told_ms;
};

/* The exit status of a start that failed. */
int daemon_status(const struct error *error);

#endif
