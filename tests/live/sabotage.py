"""falco with a traitor in its process: sabotage.py ORDERS falco's arguments.

A thread does what the file ORDERS says each time it is there: `slot MAP INDEX` empties a slot of a map of programs,
`link TRACEPOINT` closes what keeps a program on that tracepoint, `threads FILE` writes down which threads are known,
`stuck SECONDS END` has the thread that looks at events wait, in a program that ends after END seconds of it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from falco.capture.live import watchdog
from falco.cli import main
from falco.state.state import State

_BPF, _DELETE, _INFO = 321, 3, 15
_libc = ctypes.CDLL(None, use_errno=True)
_waits_s = [0.0]


def _fds(line: str) -> Iterator[int]:
    """The fds of this process whose fdinfo has a line."""
    for info in Path("/proc/self/fdinfo").iterdir():
        try:
            if f"{line}\n" in info.read_text():
                yield int(info.name)
        except FileNotFoundError:
            continue


def _name_of(fd: int) -> str:
    """The name of a map (struct bpf_map_info)."""
    info = ctypes.create_string_buffer(80)
    asked = struct.pack("=IIQ", fd, len(info), ctypes.addressof(info))
    _libc.syscall(_BPF, _INFO, asked, len(asked))
    return info.raw[24:40].partition(b"\0")[0].decode()


def _empty(name: str, index: int) -> None:
    key = ctypes.create_string_buffer(struct.pack("=I", index), 4)
    for fd in _fds("map_type:\t3"):
        if _name_of(fd) == name:
            asked = struct.pack("=IIQQQ", fd, 0, ctypes.addressof(key), 0, 0)
            if _libc.syscall(_BPF, _DELETE, asked, len(asked)) < 0:
                raise OSError(ctypes.get_errno(), f"slot {index} of {name}")
            return
    raise LookupError(name)


def _tell(target: Path) -> None:
    gc.unfreeze()  # Falco has the collector pass over what it has from the start.
    (state,) = (each for each in gc.get_objects() if isinstance(each, State))
    target.write_text(" ".join(map(str, list(state.threads))))


def _stick(seconds: str, end_s: str) -> None:
    """Have the main thread wait, wherever it is: there the handlers of signals run."""
    watchdog.END_S, _waits_s[:] = float(end_s), [float(seconds)]
    os.kill(os.getpid(), signal.SIGUSR2)


def _obey(orders: Path) -> None:
    while True:
        while not (orders.exists() and (text := orders.read_text()).endswith("\n")):
            time.sleep(0.01)
        match text.split():
            case ["slot", name, index]:
                _empty(name, int(index))
            case ["link", tracepoint]:
                os.close(next(_fds(f"tp_name:\t{tracepoint}")))
            case ["threads", target]:
                _tell(Path(target))
            case ["stuck", seconds, end_s]:
                _stick(seconds, end_s)
        orders.rename(orders.with_suffix(".done"))


if __name__ == "__main__":
    signal.signal(signal.SIGUSR2, lambda *_: time.sleep(_waits_s[0]))
    threading.Thread(target=_obey, args=(Path(sys.argv[1]),), daemon=True).start()
    sys.exit(main(sys.argv[2:]))
