"""Ways around rules, each tried on this host: the default rules tell of all, by the kernel's path and the true program.

What these rules cannot tell is said here too: a file that a trusted program opened and hands on, as that takes a look
at every read on the host ("Sensitive File Read by Passed Descriptor", which is off); and a shell whose streams a script
relays over a socket pair, unless connections of scripts are looked at. Attachments by ptrace, preloaded libraries,
ambient capabilities, /dev/tcp and sockets of AF_PACKET are actions of the event generator (test_default_rules.py).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from tests.live.attack_calls import TARGET
from tests.live.attacks import ATTACKS
from tests.live.product import DEFAULT_RULES, ROOT, Product
from tests.live.rules_in_force import overrides

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

PYTHON = os.path.realpath(sys.executable)
CAPABILITIES = "Powerful Capabilities Given to Program"
Told = list[tuple[str, str]]
SENSITIVE, ETC, TAKEN = "Read sensitive file untrusted", "Write below etc", "Another Process Taken Over"
OTHER_NAME, SETUID, STREAM = (
    "Sensitive File Given Another Name",
    "Setuid Program Made",
    "Network Connection as Standard Stream",
)
OUT, SEARCH, NAMESPACE = (
    "Interpreted procs outbound network activity",
    "Search Private Keys or Passwords",
    "Change thread namespace",
)
READ = [(SENSITIVE, "file=/etc/shadow"), (SENSITIVE, f"exe={PYTHON} ")]
WRITTEN = [(ETC, f"file={TARGET} "), (ETC, f"exe={PYTHON} ")]


def _each(names: tuple[str, ...], told: Told) -> dict[str, Told]:
    return dict.fromkeys(names, told)


OVERRIDES = [{"macro": "consider_interpreted_outbound", "condition": "(fd.sport=9999)"}]
CAUGHT = {
    **_each(
        ("open", "openat", "openat2", "open_by_handle_at", "root of a process", "root of another process",
         "cwd of a process", "descriptor of a directory", "symbolic link",
         "linked directory and dots", "chain of 40 links", "relative", "fchdir", "directory fd", "O_PATH",
         "io_uring open", "int 0x80", "prctl name", "no argv",
         "inherited", "SCM_RIGHTS"), READ,
    ),
    **_each(
        ("creat", "rename", "exchange", "link", "truncate", "copy_file_range and sendfile", "mmap and ftruncate",
         "fallocate", "io_uring link", "io_uring symlink", "io_uring write",
         "io_uring rename"), WRITTEN,
    ),
    "odd names": [(ETC, "file=/etc/falco-attack-\ufffd "), (ETC, "file=/etc/falco-attack-")],
    "hard link": [(OTHER_NAME, "to=/etc/shadow"), (SENSITIVE, "file={place}/hard")],
    "bind mount": [(OTHER_NAME, "from=/etc/shadow"), (SENSITIVE, "file={place}/bound")],
    "overlay": [(OTHER_NAME, "to={place}/merged")],
    "pidfd_getfd": [*READ, (TAKEN, "call=pidfd_getfd"), (TAKEN, "file=/etc/shadow")],
    "io_uring unlink": [("Modify binary dirs", "file=/usr/bin/falco-attack-removed")],
    "io_uring mkdir": [("Mkdir binary dirs", "directory=/usr/bin/falco-attack-made ")],
    "exec of a link": [(SENSITIVE, "exe=/usr/bin/cat ")],
    "exec of a copy": [(SENSITIVE, "exe={place}/sshd ")],
    "exec of a hard link": [(SENSITIVE, "exe={place}/sshd ")],
    "execveat": [(SENSITIVE, "exe={place}/program ")],
    "exec by /proc/self/fd": [(SENSITIVE, "exe={place}/program ")],
    "exec of what is deleted": [(SENSITIVE, "exe={place}/program")],
    "exec from memory": [(SENSITIVE, "file=/etc/shadow"), ("Program Run from Memory", "memfd:sshd")],
    "script": [(SENSITIVE, "exe={place}/interpreter ")],
    "binfmt_misc": [(SENSITIVE, "exe={place}/interpreter ")],
    "loader": [(SENSITIVE, "exe=/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 ")],
    "argv lies": [(SENSITIVE, "exe={place}/program ")],
    "named like Puppet": [(SENSITIVE, "exe=/usr/bin/ruby")],
    "setuid program": [(SETUID, "file={place}/program "), (SENSITIVE, "exe={place}/program "),
                       (SENSITIVE, "user=root")],
    "nsenter": [(NAMESPACE, "exe=/usr/bin/nsenter "), (NAMESPACE, "call=setns")],
    "unshare": [(NAMESPACE, "exe=/usr/bin/unshare "), (NAMESPACE, "call=unshare")],
    "runtime overwritten": [("Write below binary dir", "file=/usr/bin/falco-attack-runc ")],
    "setuid(0)": [("Non sudo setuid", f"exe={PYTHON} "), ("Non sudo setuid", "uid=0(root)")],
    **_each(("chmod u+s", "fchmod u+s", "fchmodat2 u+s"), [(SETUID, "file={place}/program ")]),
    **_each(("setxattr", "lsetxattr", "fsetxattr", "setxattrat"), [(CAPABILITIES, "file={place}/program "),
                       (CAPABILITIES, "capabilities=CAP_SETUID ")]),
    "process_vm_writev": [(TAKEN, "call=process_vm_writev")],
    "/proc/pid/mem": [(TAKEN, "/mem ")],
    "ld.so.preload": [(ETC, "file=/etc/ld.so.preload ")],
    **_each(("dup2", "dup3", "F_DUPFD"), [(STREAM, "stream=0 "), (STREAM, "->127.0.0.1:")]),
    "python terminal": [(STREAM, "stream=2 ")],
    **_each(("connect v4", "sendto", "sendmsg", "sendmmsg", "fast open", "fast open by sendmsg",
             "io_uring connect"),
                    [(OUT, "->10.111.0.1:9999")]),
    "connect v6": [(OUT, "fd00:6661:6c63::1")],
    "connect mapped": [(OUT, "10.111.0.1")],
    "abstract engine socket": [("Container Engine Socket Used", "docker.sock")],
    "vsock": [("Packet or Virtual Machine Socket Opened", f"exe={PYTHON} ")],
    "comment": [("Run shell untrusted", "cmdline=sh -c uname -r; : evil # sh -c uname -r")],
    "known beginning": [("Run shell untrusted", "cmdline=sh -c /usr/bin/rotatelogs /dev/null; : evil")],
    **_each(("substitution", "environment", "base64", "long command line", "odd arguments"),
                    [(SEARCH, "exe=/usr/bin/find ")]),
    "forged line": [(ETC, "file=/etc/falco-attack-")],
}  # fmt: skip
"""Attack -> rules that have to tell of it, each with what they show."""


CONFIG = "alert_store: {enabled: false}\n"


@pytest.fixture(scope="module")
def falco(tmp_path_factory):
    folder = tmp_path_factory.mktemp("falco")
    switched = folder / "switched.yaml"
    switched.write_text(yaml.safe_dump(OVERRIDES))
    with Product(
        folder, [DEFAULT_RULES, switched, overrides(folder / "own.yaml", switches=False)], config=CONFIG
    ) as product:
        yield product


@pytest.fixture
def place():
    """A directory on the file system of /etc."""
    path = Path(tempfile.mkdtemp(prefix="falco-attack-", dir="/var/lib"))
    yield path
    shutil.rmtree(path, ignore_errors=True)
    for made in (Path(TARGET), *Path("/etc").glob("falco-attack-*")):
        made.unlink(missing_ok=True)


def test_all_attacks_are_expected():
    assert sorted(CAUGHT) == sorted(ATTACKS)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_told(falco, place, name):
    before = len(falco.alerts())
    subprocess.run([PYTHON, "-m", "tests.live.attacks", name, str(place)], check=True, cwd=ROOT)
    falco.catch_up()
    found = falco.alerts()[before:]
    for rule, text in CAUGHT[name]:
        shown = text.format(place=place)
        assert [one for one in found if one["rule"] == rule and shown in one["output"]], (rule, shown, found)
    assert [line[0] for line in falco.output.splitlines() if not line.startswith("{")] == []
