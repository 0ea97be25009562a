"""Goes to the background."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from falco.errors import FalcoError


def daemonize(pidfile: str) -> bool:
    """Split in two: the parent (False) has written the child's process id and should end, the child (True) goes on.

    The child leads a session of its own in /, its standard streams are /dev/null, and what it creates is not for
    others. FalcoError if the pid file cannot be written; nothing runs in the background then.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        file = Path(pidfile).open("w", encoding="ascii")
    except OSError as error:
        raise FalcoError(f"Could not write pid to pid file {pidfile}: {error.strerror}") from None
    pid = os.fork()
    if pid:
        try:
            with file:
                file.write(f"{pid}\n")
        except OSError as error:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise FalcoError(f"Could not write pid to pid file {pidfile}: {error.strerror}") from None
        return False
    file.close()
    os.setsid()
    os.umask(0o027)
    os.chdir("/")
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.close(null)
    return True
