// Records when this machine stands still: a thread of the highest priority that it may have sleeps for a millisecond at a time, and
// prints when it fell asleep (CLOCK_MONOTONIC, ns) and by how much it overslept (ns). A virtual machine that was not given a processor,
// a kernel that held one, or a thread of higher priority show here; a busy process does not.
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

static const long sleep_ns = 1000000, least_pause_ns = 2000000;

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(void)
{
    struct sched_param priority = { .sched_priority = 1 };
    struct timespec sleep = { .tv_nsec = sleep_ns };
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    mlockall(MCL_CURRENT | MCL_FUTURE);
    const char *name = sched_setscheduler(0, SCHED_FIFO, &priority) == 0 ? "real time" : setpriority(PRIO_PROCESS, 0, -20) == 0 ? "nice -20" : "normal";
    printf("%s\n", name);
    fflush(stdout);
    for (;;) {
        long long before = now();
        clock_nanosleep(CLOCK_MONOTONIC, 0, &sleep, NULL);
        long long late = now() - before - sleep_ns;
        if (late < least_pause_ns) continue;
        printf("%lld %lld\n", before, late);
        if (fflush(stdout) != 0) return 0;
    }
}
