from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from falco.commands.daemon import daemonize
from falco.errors import FalcoError


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_the_child_goes_on_by_itself_and_the_parent_knows_its_id(tmp_path):
    pidfile, proof = tmp_path / "falco.pid", tmp_path / "proof"
    middle = os.fork()
    if middle == 0:
        try:
            if daemonize(str(pidfile)):
                os.write(1, b"not to be seen")
                lines = [str(os.getpid()), str(os.getsid(0)), str(Path.cwd()), str(Path("/proc/self/fd/1").readlink())]
                proof.with_suffix(".new").write_text("\n".join(lines))
                proof.with_suffix(".new").rename(proof)
                os._exit(0)
            os._exit(7)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(middle, 0)[1]) == 7
    wait_for(proof.exists)
    pid, session, directory, stdout = proof.read_text().split("\n")
    assert pidfile.read_text() == f"{pid}\n"
    assert session == pid
    assert (directory, stdout) == ("/", "/dev/null")
    assert proof.stat().st_mode & 0o027 == 0


def test_without_a_pid_file_nothing_runs(tmp_path):
    with pytest.raises(FalcoError, match="Could not write pid to pid file"):
        daemonize(str(tmp_path / "none" / "falco.pid"))


def test_a_pid_file_on_a_full_disk_leaves_no_child():
    with pytest.raises(FalcoError, match="Could not write pid to pid file /dev/full: No space left on device"):
        daemonize("/dev/full")
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
