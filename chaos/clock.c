/* A wrong wall clock for one process: what it asks of the system's clock is off by the seconds in the file that
 * BYLINE_CHAOS_CLOCK names, which is read again every half second. The monotonic clock stays right, as it does when
 * somebody sets a machine's time. Loaded by LD_PRELOAD; see clock.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long find_offset(void) {
  static long offset, next_look_ms;
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  long ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
  if (ms >= next_look_ms) {
    next_look_ms = ms + 500;
    const char *path = getenv("BYLINE_CHAOS_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
      char text[32] = {0};
      if (read(file, text, sizeof text - 1) > 0) offset = atol(text);
      close(file);
    }
  }
  return offset;
}

int clock_gettime(clockid_t id, struct timespec *time) {
  int failed = syscall(SYS_clock_gettime, id, time);
  if (!failed && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) time->tv_sec += find_offset();
  return failed;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result) *result = now.tv_sec;
  return now.tv_sec;
}

/* Its deadline was reckoned by the wrong clock, and the kernel waits by the right one. */
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
  static int (*wait)(sem_t *, const struct timespec *);
  if (!wait) wait = (int (*)(sem_t *, const struct timespec *))dlsym(RTLD_NEXT, "sem_timedwait");
  struct timespec right = *deadline;
  right.tv_sec -= find_offset();
  return wait(semaphore, &right);
}
