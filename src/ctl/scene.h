/* The scene is the whole installation of one sandbox: broker, platform, slussd, events. It builds nothing that stays.
 */
#ifndef SLUSS_CTL_SCENE_H
#define SLUSS_CTL_SCENE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct scene_spec {
    const char *config;  /* a folder with sluss.cfg, routes.d, ... */
    const char *program; /* this program, for the broker's process */
    const char *slussd;
    const char *listen; /* of the stand-in platform */
    size_t events;      /* 0: until told to stop */
    int64_t for_ms;     /* 0: until told to stop */
    bool breaks;
};

/* Plays it and prints what happens. Gives the exit status: 0 when every event ended where its sample expects. */
int scene_play(const struct scene_spec *spec);

#endif
