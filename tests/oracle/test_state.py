"""State holds what sysdig 0.29.3 holds, event by event: on the shipped captures and on ones written for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from falco.events.table import EVENT_TABLE
from tests.events import write_capture
from tests.oracle.ours import values
from tests.oracle.scenes import CAUSES, SCENES
from tests.unit.state.conftest import INTERFACES

FIELDS = [
    "thread.tid",
    "proc.pid",
    "proc.ppid",
    "proc.name",
    "proc.pname",
    "proc.exe",
    "proc.exepath",
    "proc.args",
    "proc.env",
    "proc.cwd",
    "proc.sid",
    "proc.tty",
    "proc.vpid",
    "thread.vtid",
    "proc.nchilds",
    "proc.fdopencount",
    "proc.fdlimit",
    "thread.pfminor",
    "user.uid",
    "user.loginuid",
    "container.id",
    "evt.latency",
    "fd.num",
    "fd.name",
    "fd.type",
    "fd.l4proto",
    "fd.name_changed",
    "evt.reltime",
    "evt.wait_latency",
    "evt.deltatime",
    *(f"proc.apid[{n}]" for n in (1, 2, 3, 4)),
]


def sysdig(path: Path) -> dict[int, dict[str, str]]:
    """Event number -> values."""
    wanted = "\x1f".join(f"%{name}" for name in ("evt.num", *FIELDS))
    done = subprocess.run(["sysdig", "-r", str(path), "-p", f"*{wanted}\x1e"], capture_output=True, check=True)
    rows = (line.split("\x1f") for line in done.stdout.decode("utf-8", "surrogateescape").split("\x1e\n")[:-1])
    return {int(number): dict(zip(FIELDS, texts, strict=True)) for number, *texts in rows}


def differences(path: Path) -> dict[tuple[int, str], tuple[str, str, str]]:
    """(event number, field) -> the event's symbol, our value, sysdig's."""
    theirs = sysdig(path)
    found = {}
    for number, (code, texts) in values(path, FIELDS).items():
        for field, text in texts.items():
            if text != theirs[number][field]:
                found[number, field] = EVENT_TABLE[code].symbol, text, theirs[number][field]
    return found


SHIPPED = {
    # Switches show the latency of the call before, which is not kept.
    ("SCHEDSWITCH_6_E", "evt.latency"),
    # `\n` is part of these names; sysdig's output leaves it out.
    *((f"SYSCALL_{call}", "fd.name") for call in ("READ_E", "READ_X", "WRITE_E", "WRITE_X")),
    # "partly": a connected datagram socket connects elsewhere.
    *((f"SOCKET_{call}", "fd.name") for call in ("CONNECT_X", "SENDTO_E", "SENDTO_X")),
    *((f"SOCKET_{call}", "fd.name_changed") for call in ("CONNECT_X", "SENDTO_X")),
}
"""Symbol and field of events that differ on the shipped captures."""


def test_shipped_captures(capture: Path) -> None:
    unexplained = {key: row for key, row in differences(capture).items() if (row[0], key[1]) not in SHIPPED}
    assert not unexplained


@pytest.mark.parametrize("scene", SCENES)
def test_scenes(scene: str, tmp_path: Path) -> None:
    made = SCENES[scene]()
    path = write_capture(tmp_path / "scene.scap", made.builder.built, made.threads, INTERFACES)
    found = differences(path)
    assert {key: row for key, row in found.items() if key not in made.different} == {}
    assert set(made.different) <= set(found)


def test_every_cause_is_met() -> None:
    assert {cause for scene in SCENES.values() for cause in scene().different.values()} == set(CAUSES)
