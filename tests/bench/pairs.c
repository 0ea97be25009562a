/* pairs KIND COUNT RATE [PATH]: make so many pairs of calls, at most RATE a second (0: as fast as it goes), and print
 * how many nanoseconds a pair took. KIND is open (open and close PATH) or getppid (two of these). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  int opens = !strcmp(argv[1], "open");
  long count = atol(argv[2]), rate = atol(argv[3]);
  double start = now();
  for (long i = 0; i < count; i++) {
    if (opens) {
      int fd = open(argv[4], O_RDONLY);
      if (fd < 0 || close(fd)) return 1;
    } else {
      syscall(SYS_getppid);
      syscall(SYS_getppid);
    }
    if (rate && i % 50 == 49)
      while ((now() - start) * rate < i * 1e9) usleep(200);
  }
  printf("%.1f\n", (now() - start) / count);
  return 0;
}
