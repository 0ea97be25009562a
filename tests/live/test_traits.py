"""Rules that only say which program is meant: calls of all others stay in the kernel, and no change is missed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from falco.capture.live.bpf import BpfError
from tests.live.product import Product
from tests.live.watching import Watching

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

RULES = """
- rule: The name
  desc: Whatever a program of this name opens.
  condition: evt.type=openat and evt.dir=< and proc.name = falco-wanted
  output: "%evt.arg.name"
  priority: INFO
- rule: The user
  desc: Whatever this user opens.
  condition: evt.type=openat and evt.dir=< and user.uid = 12345
  output: "%evt.arg.name"
  priority: INFO
"""
OPENS, BEFORE, ROUNDS = 1009, 40, 50
CHANGING = """
import ctypes, os, sys
prctl, place = ctypes.CDLL(None).prctl, sys.argv[1]
def opened(name, times):
    for _ in range(times):
        try:
            os.close(os.open(f"{place}/{name}", os.O_RDONLY))
        except OSError:
            pass
for number in range(int(sys.argv[2])):
    # Long enough for the probe to be told of it in the meantime, at most rounds.
    opened("other", int(sys.argv[3]))
    prctl(15, b"falco-wanted", 0, 0, 0)
    opened(f"named-{number}", 1)
    prctl(15, b"falco-other", 0, 0, 0)
    opened("other", int(sys.argv[3]))
    os.seteuid(12345)
    opened(f"user-{number}", 1)
    os.seteuid(0)
"""


def test_what_other_programs_do_stays_in_the_kernel_and_every_change_is_seen(tmp_path):
    rules, stats = tmp_path / "rules.yaml", tmp_path / "stats"
    rules.write_text(RULES)
    (tmp_path / "file").touch()
    with Product(tmp_path / "falco", [rules], ["-s", str(stats)]) as falco:
        subprocess.run([sys.executable, "-c", CHANGING, tmp_path, str(ROUNDS), str(BEFORE)], check=True)
        falco.catch_up()
        for _ in range(100):
            os.close(os.open(tmp_path / "file", os.O_RDONLY))
        falco.catch_up()
        for _ in range(OPENS):
            os.close(os.open(tmp_path / "file", os.O_RDONLY))
        falco.catch_up()
        named = [alert["output"].rpartition("/")[2] for alert in falco.alerts("The name")]
        of_user = [alert["output"].rpartition("/")[2] for alert in falco.alerts("The user")]
        falco.stop()
    assert [name for name in named if name != "other"] == [f"named-{number}" for number in range(ROUNDS)]
    assert [name for name in of_user if name != "other"] == [f"user-{number}" for number in range(ROUNDS)]
    assert "other" not in named + of_user
    assert json.loads(stats.read_text().splitlines()[-1])["by_event"]["openat"]["filtered"] >= OPENS


EXECS = """
import os, threading
def begin():
    print(threading.get_native_id(), flush=True)
    os.execv("/bin/true", ["true"])
threading.Thread(target=begin).start()
threading.Event().wait(60)
"""


def test_the_number_of_a_thread_that_becomes_the_first_of_its_process_takes_no_room(everything):
    own, told = Path("/proc/self/comm"), []
    with Watching(everything) as watching:
        own.write_text(own.read_text().strip())
        watching.seen(lambda: told.append(subprocess.check_output([sys.executable, "-c", EXECS])))
        changed = watching.loaded.maps["changed_at"]
        assert any(changed.lookup(os.getpid())), "whoever is named is noted"
        with pytest.raises(BpfError, match="No such file"):
            changed.lookup(int(told[0]))
