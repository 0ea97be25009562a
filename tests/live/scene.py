"""A process that does a bit of everything that has an fd: scene.py DIRECTORY. Its children do some of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path


def files(place: Path) -> None:
    """Files by absolute and relative names, from another working directory, through a link, and copies of fds."""
    os.chdir(place)
    Path("plain").write_text("text")
    (place / "sub").mkdir()
    (place / "link").symlink_to("sub")
    (place / "link" / "inner").write_text("more")
    directory = os.open("sub", os.O_DIRECTORY)
    inner = os.open("inner", os.O_RDONLY, dir_fd=directory)
    os.read(inner, 10)
    copy = os.dup(inner)
    os.dup2(copy, 77)
    for fd in (inner, copy, 77, directory):
        os.close(fd)
    os.chdir("sub")
    Path("../plain").read_text()
    Path("inner").rename("renamed")
    (place / "sub" / "renamed").unlink()
    with Path("/etc/shadow").open() as secret:
        secret.read()


def streams(family: socket.AddressFamily, host: str) -> None:
    """A server and a client, a few bytes each way."""
    with socket.socket(family) as probing:
        probing.bind((host, 0))
        port = probing.getsockname()[1]
    with socket.create_server((host, port), family=family) as server:

        def serve() -> None:
            peer, _ = server.accept()
            peer.sendall(peer.recv(100))
            peer.close()

        serving = threading.Thread(target=serve)
        serving.start()
        with socket.socket(family) as client:
            client.connect((host, port))
            client.sendall(b"hello")
            client.recv(100)
            client.shutdown(socket.SHUT_RDWR)
        serving.join()


def datagrams() -> None:
    """Unconnected ones by sendto and recvfrom, and connected ones."""
    with socket.socket(type=socket.SOCK_DGRAM) as bound, socket.socket(type=socket.SOCK_DGRAM) as sender:
        bound.bind(("127.0.0.1", 0))
        sender.sendto(b"one", bound.getsockname())
        _, whence = bound.recvfrom(10)
        bound.sendto(b"two", whence)
        sender.recvfrom(10)
        sender.connect(bound.getsockname())
        sender.send(b"three")
        bound.recv(10)


def local(place: Path) -> None:
    """Unix sockets with a path, an abstract one, a pair, and a pipe."""
    for name in (str(place / "socket"), f"\0falco-{os.getpid()}"):
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(name)
            server.listen(1)
            client.connect(name)
            peer, _ = server.accept()
            client.sendall(b"x")
            peer.recv(1)
            peer.close()
    left, right = socket.socketpair()
    left.sendall(b"x")
    right.recv(1)
    left.close()
    right.close()
    reader, writer = os.pipe()
    os.write(writer, b"x")
    os.read(reader, 1)
    os.close(reader)
    os.close(writer)


def programs() -> None:
    """A few programs, one of which does not exist, a fork and a thread."""
    subprocess.run(["/bin/true", "one", "two words"], check=True)
    subprocess.run(["sh", "-c", "cat /etc/shadow | wc -l; exit 3"], check=False, stdout=subprocess.DEVNULL)
    child = os.fork()
    if not child:
        try:
            os.execv("/no/such/program", ["x"])
        except OSError:
            os._exit(4)
    os.waitpid(child, 0)


def main(place: Path) -> None:
    """All of it."""
    files(place)
    streams(socket.AF_INET, "127.0.0.1")
    streams(socket.AF_INET6, "::1")
    datagrams()
    local(place)
    programs()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
