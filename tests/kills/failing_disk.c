/* A disk that fails: preloaded before Python, it lets the n-th write, creation, flush or rename below a folder fail, and all after it.
   What the tests note themselves is spared. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char place[4096];
static int code, slow;
static long before, seen;

void fail_at(const char *where, int error, long after, int slow_ms) {
    strncpy(place, where, sizeof place - 1);
    code = error; before = after; slow = slow_ms; seen = 0;
}

long counted(void) { return seen; }

static int ours(const char *path) {
    if (!place[0] || !path || strncmp(path, place, strlen(place))) return 0;
    return !strstr(path, "/notes") && !strstr(path, "/log.txt") && !strstr(path, "/answer.json") && !strstr(path, "/steps");
}

static int open_here(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return ours(path);
}

static int fails(int here) {
    if (!here) return 0;
    if (++seen <= before || !code) return 0;
    errno = code;
    return 1;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define ON_FILE(kind, name, parameters, arguments) \
    kind name parameters { REAL(name); return fails(place[0] && open_here(file)) ? -1 : real arguments; }

ON_FILE(ssize_t, write, (int file, const void *from, size_t n), (file, from, n))
ON_FILE(ssize_t, pwrite, (int file, const void *from, size_t n, off_t at), (file, from, n, at))
ON_FILE(ssize_t, pwrite64, (int file, const void *from, size_t n, off64_t at), (file, from, n, at))
ON_FILE(ssize_t, writev, (int file, const struct iovec *parts, int n), (file, parts, n))
ON_FILE(int, ftruncate, (int file, off_t n), (file, n))
ON_FILE(int, ftruncate64, (int file, off64_t n), (file, n))

static int flushed(int file) {
    int here = place[0] && open_here(file);
    if (here && slow) usleep(slow * 1000);
    return fails(here) ? -1 : 0;
}

int fsync(int file) { REAL(fsync); return flushed(file) ? -1 : real(file); }
int fdatasync(int file) { REAL(fdatasync); return flushed(file) ? -1 : real(file); }
int rename(const char *from, const char *to) { REAL(rename); return fails(ours(to)) ? -1 : real(from, to); }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); return fails(ours(path)) ? -1 : real(path, mode); }

#define MODE mode_t mode = 0; if (flags & O_CREAT) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }
#define CHANGES ((flags & (O_CREAT | O_WRONLY | O_RDWR)) && ours(path))

int open(const char *path, int flags, ...) { REAL(open); MODE return fails(CHANGES) ? -1 : real(path, flags, mode); }
int open64(const char *path, int flags, ...) { REAL(open64); MODE return fails(CHANGES) ? -1 : real(path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { REAL(openat); MODE return fails(CHANGES) ? -1 : real(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { REAL(openat64); MODE return fails(CHANGES) ? -1 : real(at, path, flags, mode); }
