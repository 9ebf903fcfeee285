/* The board prints slussd's /status for people: a line for each route, or what one route waits for. It asks nobody. */
#ifndef SLUSS_CTL_BOARD_H
#define SLUSS_CTL_BOARD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A line for each route, the worst first; then a line for each platform that is not up, and one when routes were left
 * out. */
void board_routes(FILE *out, const json_t *status, bool colour);

/* Why the route is as it is, what its partitions do that stand still, and what waits longest. `route` is a member of
 * status' "routes". */
void board_route(FILE *out, const json_t *status, const json_t *route, bool colour);

/* Whether this is a status at all, with the members that a board is made of; and of which version's slussd (""
 * unknown). */
bool board_is_one(const json_t *status);
const char *board_version(const json_t *status);

/* Whether all routes are there and well, and all platforms up; whether this route is well. */
bool board_all_well(const json_t *status);
bool board_well(const json_t *route);

/* How many errors of the configuration left out routes when slussd started. */
int64_t board_faults(const json_t *status);

/* The member of "routes" with that name, or NULL. */
const json_t *board_find(const json_t *status, const char *name);

/* The route's name that is nearest to one that is none, or NULL. */
const char *board_nearest(const json_t *status, const char *name);

#endif
