/* Another clock for one process: preloaded, it stands before libc's functions that tell the time of day, and adds the
 * seconds (64 bits) in the file `clock` in the folder that the process runs in. Clocks that count from a start are not
 * touched.
 *
 * It allocates nothing: an allocator asks for the time while it starts, before it can serve anybody. And it needs only
 * what every libc has: a server in a container may have an older one than this machine. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* What was read last holds while there is nothing to be read: a file that is being written is empty for a moment. */
static int64_t offset(void) {
    static _Atomic int64_t seconds;
    int64_t read_now;
    int error = errno;
    int file = open("clock", O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        if (read(file, &read_now, sizeof read_now) == sizeof read_now) {
            seconds = read_now;
        }
        close(file);
    }
    errno = error;
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    long failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += offset();
    }
    return (int)failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now) {
        *now = exact.tv_sec;
    }
    return exact.tv_sec;
}
