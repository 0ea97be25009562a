/* A small program that does what its arguments say, and at once, so that little stands between its start and its act:
 *
 *   a path below open/, make/ or mode/   opens the file, makes the directory, changes the file's mode
 *   +N, -N                               writes a byte to fd N, reads one from it
 *   --, --thread                         becomes the program that follows, with what follows that; by another thread
 *   anything else                        is passed over
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void fail_if(int failed) {
  if (failed) _exit(9);
}

static void act(const char *path) {
  if (strstr(path, "/make/")) {
    fail_if(mkdir(path, 0700));
    return;
  }
  int fd = open(path, O_CREAT | O_WRONLY, 0600);
  fail_if(fd < 0);
  if (strstr(path, "/mode/")) fail_if(fchmod(fd, 0640));
  close(fd);
}

static void *become(void *program) {
  char **argv = program;
  execv(argv[0], argv);
  _exit(8);
}

int main(int argc, char **argv) {
  char byte = 0;
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i];
    if (!strcmp(word, "--")) become(argv + i + 1);
    if (!strcmp(word, "--thread")) {
      pthread_t thread;
      fail_if(pthread_create(&thread, NULL, become, argv + i + 1));
      pthread_join(thread, NULL);
    }
    if (word[0] == '/') act(word);
    if (word[0] == '+') fail_if(write(atoi(word + 1), &byte, 1) != 1);
    if (word[0] == '-' && word[1] != '-') fail_if(read(atoi(word + 1), &byte, 1) != 1);
  }
  return 0;
}
