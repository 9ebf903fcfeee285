/* Judging a resolved address. Resolves nothing. */
#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static bool forbidden_v4(uint32_t address) {
    uint32_t first = address >> 24;
    return first == 127 || first == 0 || first >= 224 || (address >> 16) == 0xa9fe;
}

bool address_is_forbidden(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, address, sizeof four);
        return forbidden_v4(ntohl(four.sin_addr.s_addr));
    }
    if (address->sa_family != AF_INET6)
        return true;
    struct sockaddr_in6 six;
    memcpy(&six, address, sizeof six);
    if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
        uint32_t four;
        memcpy(&four, &six.sin6_addr.s6_addr[12], sizeof four);
        return forbidden_v4(ntohl(four));
    }
    return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr) ||
           IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr) || IN6_IS_ADDR_MULTICAST(&six.sin6_addr);
}
