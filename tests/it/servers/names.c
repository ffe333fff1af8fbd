/* For LD_PRELOAD: example.com and every name below it is this machine. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    lookup *next = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo");
    if (node && strstr(node, "example.com"))
        node = "127.0.0.1";
    return next(node, service, hints, result);
}
