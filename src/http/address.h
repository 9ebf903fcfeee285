/* Addresses that a name may not lead to: a platform's name that suddenly resolves to this host or its cloud's metadata
 * service. */
#ifndef SLUSS_HTTP_ADDRESS_H
#define SLUSS_HTTP_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* True for loopback, link-local, multicast and unspecified addresses, also IPv4 inside IPv6. */
bool address_is_forbidden(const struct sockaddr *address);

#endif
