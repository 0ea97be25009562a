/* requests ADDRESS PORT CLIENTS CONNECTIONS REQUESTS: so many clients at once, each with so many connections one after
 * the other to a web server, each with so many requests for /. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
static const char last[] = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

static long ask(int fd, const char *what, char *buffer, size_t size) {
  if (send(fd, what, strlen(what), 0) < 0) exit(3);
  long n = 0, whole = -1;
  while (whole < 0 || n < whole) {
    ssize_t got = recv(fd, buffer + n, size - n - 1, 0);
    if (got <= 0) exit(4);
    n += got;
    buffer[n] = 0;
    char *end = strstr(buffer, "\r\n\r\n"), *length = strstr(buffer, "Content-Length: ");
    if (end && length) whole = end + 4 - buffer + atol(length + 16);
  }
  return n;
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  server.sin_addr.s_addr = inet_addr(argv[1]);
  for (int i = 0; i < atoi(argv[3]); i++) {
    if (fork()) continue;
    static char buffer[1 << 16];
    for (int connection = 0; connection < atoi(argv[4]); connection++) {
      int fd = socket(AF_INET, SOCK_STREAM, 0);
      if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof(server))) return 5;
      for (int n = atoi(argv[5]); n > 0; n--) ask(fd, n > 1 ? request : last, buffer, sizeof(buffer));
      /* The server ends the connection, so that it is its side that the port stays taken on for a minute: ports of
       * clients would run out. */
      if (recv(fd, buffer, 1, 0)) return 6;
      close(fd);
    }
    return 0;
  }
  int status, failed = 0;
  while (wait(&status) > 0) failed |= status;
  return failed ? 1 : 0;
}
