/* For LD_PRELOAD: three.example.com has three addresses of this machine, in this order; example.com and every other
   name below it has the last one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static const char *const addresses[] = {"127.0.0.2", "::1", "127.0.0.1"};

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    lookup *next = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo");
    if (!node || !strstr(node, "example.com"))
        return next(node, service, hints, result);
    for (int i = strcmp(node, "three.example.com") ? 2 : 0; i < 3; i++) {
        int failure = next(addresses[i], service, hints, result);
        if (failure)
            return failure;
        while (*result)
            result = &(*result)->ai_next;
    }
    return 0;
}
