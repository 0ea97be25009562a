"""What threads are is told to the probe; programs that know of it become others in every way that there is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.live.product import Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

RULES = """
- rule: The name
  desc: Whatever a program of this name opens.
  condition: evt.type=openat and evt.dir=< and proc.name = falco-wanted
  output: "%evt.arg.name"
  priority: INFO
"""
BEFORE = 200
"""So many opens come before: the thread is long known to be another by then."""
_BEGIN = """
import ctypes, os, struct, sys, threading, time
libc, place = ctypes.CDLL(None, use_errno=True), sys.argv[1]
def name(text):
    assert libc.prctl(15, text, 0, 0, 0) == 0
def opened(name, times=1):
    for _ in range(times):
        try:
            os.close(os.open(f"{place}/{name}", os.O_RDONLY))
        except OSError:
            pass
def busy():
    opened("other", BEFORE // 2)
    time.sleep(0.3)  # It is told of by now.
    opened("other", BEFORE // 2)
"""
WAYS = {
    "named by another thread": """
named, ready = threading.Event(), threading.Event()
def other():
    busy()
    ready.set()
    named.wait()
    opened("seen")
name(b"falco-other")
thread = threading.Thread(target=other)
thread.start()
ready.wait()
with open(f"/proc/self/task/{thread.native_id}/comm", "w") as file: file.write("falco-wanted")
named.set()
thread.join()
""",
    "its number used again": """
def born(number):
    # struct clone_args; the fifth is the signal at its end, the last but two are where its number stands and how many.
    tid = (ctypes.c_int32 * 1)(number)
    arguments = struct.pack("=11Q", 0, 0, 0, 0, 17, 0, 0, 0, ctypes.addressof(tid) if number else 0, bool(number), 0)
    return libc.syscall(435, arguments, len(arguments))
name(b"falco-other")
child = os.fork()
if not child:
    busy()
    os._exit(0)
os.waitpid(child, 0)
name(b"falco-wanted")
again = born(child)
if not again:
    opened("seen")
    os._exit(0)
assert again == child, (again, child, ctypes.get_errno())
os.waitpid(again, 0)
""",
    "another thread's exec": """
if len(sys.argv) > 2:
    opened("seen")
    sys.exit()
name(b"falco-other")
def begin():
    name(b"falco-second")
    os.execv(f"{place}/falco-wanted", ["falco-wanted", "-c", sys.orig_argv[sys.orig_argv.index("-c") + 1], place, "1"])
busy()
threading.Thread(target=begin).start()
time.sleep(60)
""",
    "a child that shares its memory": """
name(b"falco-other")
busy()
# vfork and posix_spawn: the child is a task of its own in the memory of its parent.
child = os.posix_spawn(f"{place}/falco-wanted", ["falco-wanted", "-c", f"open('{place}/seen')"], os.environ)
os.waitpid(child, 0)
""",
    "a thread of another name": """
name(b"falco-other")
busy()
def other():
    busy()
    name(b"falco-wanted")
    opened("seen")
thread = threading.Thread(target=other)
thread.start()
thread.join()
""",
}


@pytest.mark.parametrize("way", WAYS)
def test_who_becomes_another_is_seen_at_once(way, tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    (tmp_path / "falco-wanted").symlink_to(sys.executable)
    program = _BEGIN.replace("BEFORE", str(BEFORE)) + WAYS[way]
    with Product(tmp_path / "falco", [rules]) as falco:
        subprocess.run([sys.executable, "-c", program, tmp_path], check=True, timeout=90)
        falco.catch_up()
        assert len(falco.alerts("The name", f"{tmp_path}/seen")) == 1
        assert falco.alerts("The name", f"{tmp_path}/other") == []
