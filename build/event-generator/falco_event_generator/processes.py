"""Actions of processes: programs that are started, users, namespaces, memory."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import termios
import time
from pathlib import Path

from falco_event_generator.action import Act, Action
from falco_event_generator.calls import PTRACE_ATTACH, PTRACE_DETACH, hand_on_capability, try_call
from falco_event_generator.scene import NAME, PYTHON, Scene

NOBODY, DAEMON = 65534, 1
CAP_NET_RAW = 13


def runs(name: str, *arguments: str, env: dict[str, str] | None = None) -> Act:
    """Run a program of this name, which does nothing."""

    def act(scene: Scene) -> str:
        return scene.run([scene.program(name), *arguments], env)

    return act


def runs_inside(name: str, *arguments: str) -> Act:
    """The same, in what looks like a container."""

    def act(scene: Scene) -> str:
        program = scene.program(name)
        scene.in_container(lambda: scene.run([program, *arguments]))
        return " ".join((name, *arguments))

    return act


def spawns(name: str, *command: str) -> Act:
    """A process of this name runs a command."""

    def act(scene: Scene) -> str:
        scene.script(name, f"import subprocess; subprocess.run({list(command)!r})")
        return command[-1]

    return act


def enters_namespace(*, really: bool) -> Act:
    """Enter the namespace that this process is in anyway; not really: by a descriptor that is none."""

    def act(scene: Scene) -> str:
        def there() -> None:
            with Path("/proc/self/ns/uts").open("rb") as namespace:
                try_call("setns", namespace.fileno() if really else -1, 0)

        scene.child(there)
        return "call=setns"

    return act


def runs_as(uid: int) -> Act:
    """Below a process that is called like the SSH server, become a user and run a program."""

    def act(scene: Scene) -> str:
        code = (
            "import os\n"
            "pid = os.fork()\n"
            f"pid or (os.setresuid({uid}, {uid}, {uid}), os.execv('/usr/bin/env', ['env', '--version']))\n"
            "os.waitpid(pid, 0)"
        )
        scene.script("sshd", code)
        return "env --version"

    return act


def runs_shell_inside(*, terminal: bool) -> Act:
    """In what looks like a container run a shell, with a terminal or without."""

    def act(scene: Scene) -> str:
        ours, theirs = pty.openpty()

        def inside() -> None:
            os.setsid()
            if terminal:
                fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
            os.execv("/bin/sh", ["sh", "-c", f": {NAME}"])

        try:
            scene.in_container(inside)
        finally:
            os.close(ours)
            os.close(theirs)
        return f"sh -c : {NAME}"

    return act


def enters_container(name: str) -> Act:
    """A process of this name, outside, puts a shell into what looks like a container."""

    def act(scene: Scene) -> str:
        code = (
            "import os, sys\n"
            "pid = os.fork()\n"
            "if not pid:\n"
            "    open(sys.argv[1], 'w').write(str(os.getpid()))\n"
            "    os.setsid()\n"
            f"    os.execv('/bin/sh', ['sh', '-c', ': {NAME}'])\n"
            "os.waitpid(pid, 0)"
        )
        with scene.container() as group:
            scene.run([scene.program(name, PYTHON), "-IS", "-c", code, group / "cgroup.procs"])
        return f"sh -c : {NAME}"

    return act


def becomes(uid: int) -> Act:
    """As nobody, ask to become another user."""

    def act(scene: Scene) -> str:
        def there() -> None:
            os.setresuid(NOBODY, NOBODY, NOBODY)
            with contextlib.suppress(PermissionError):
                os.setuid(uid)

        scene.child(there)
        return f"uid={uid}"

    return act


def attaches(*, to_child: bool) -> Act:
    """Attach to a child as a debugger does, or to a process that is not there."""

    def act(scene: Scene) -> str:
        def there() -> None:
            pid = os.fork()
            if not pid:
                time.sleep(60)
                os._exit(0)
            try_call("ptrace", PTRACE_ATTACH, pid if to_child else 0x3FFFFF, None, None)
            if to_child:
                os.waitpid(pid, 0)
                try_call("ptrace", PTRACE_DETACH, pid, None, None)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

        scene.child(there)
        return "call=ptrace"

    return act


def runs_from_memory(scene: Scene) -> str:
    """Run a program that is in memory only."""

    def there() -> None:
        number = os.memfd_create(NAME, 0)
        os.write(number, Path("/bin/true").read_bytes())
        os.execv(f"/proc/self/fd/{number}", [NAME])

    scene.child(there)
    return NAME


def runs_a_copy(scene: Scene) -> str:
    """Run a program that is a file like any."""
    copy = scene.place / NAME
    copy.write_bytes(Path("/bin/true").read_bytes())
    copy.chmod(0o755)
    return scene.run([copy])


def hands_on_capability(*, really: bool) -> Act:
    def act(scene: Scene) -> str:
        scene.child(lambda: hand_on_capability(CAP_NET_RAW, really=really))
        return "PR_CAP_AMBIENT"

    return act


PROXY = {"HTTP_PROXY": "http://127.0.0.1:3128"}
ACTIONS = (
    Action("DB program spawned process", spawns("mysqld", "/bin/ls", f"/{NAME}"),
           spawns("mysqlx", "/bin/ls", f"/{NAME}"), "the parent's name"),
    Action("Change thread namespace", enters_namespace(really=True), enters_namespace(really=False), "it fails"),
    Action("Run shell untrusted", spawns("httpd", "/bin/sh", "-c", f": {NAME}"), spawns("httpd", "/bin/ls", f"/{NAME}"),
           "the program is no shell"),
    Action("System user interactive", runs_as(DAEMON), runs_as(0), "the user"),
    Action("Terminal shell in container", runs_shell_inside(terminal=True), runs_shell_inside(terminal=False),
           "no terminal"),
    Action("Program run with disallowed http proxy env", runs("curl", NAME, env=PROXY), runs("curl", NAME),
           "the environment", ("allowed_ssh_proxy_env", "(never_true)")),
    Action("Non sudo setuid", becomes(DAEMON), becomes(NOBODY), "the user that it asks to be"),
    Action("User mgmt binaries", runs("vipw", NAME), runs("vipx", NAME), "the program's name"),
    Action("Launch Package Management Process in Container", runs_inside("apk", NAME), runs("apk", NAME),
           "outside of containers"),
    Action("Netcat Remote Code Execution in Container", runs_inside("ncat", "-e", f"/{NAME}"),
           runs_inside("ncat", "-n", f"/{NAME}"), "the option"),
    Action("Lauch Suspicious Network Tool in Container", runs_inside("nmap", NAME), runs("nmap", NAME),
           "outside of containers"),
    Action("Launch Suspicious Network Tool on Host", runs("tcpdump", NAME), runs_inside("tcpdump", NAME),
           "inside a container", ("consider_network_tools_on_host", "(always_true)")),
    Action("Search Private Keys or Passwords", runs("find", f"/{NAME}", "-name", "id_rsa"),
           runs("find", f"/{NAME}", "-name", "id_card"), "what is searched for"),
    Action("Remove Bulk Data from Disk", runs("mkfs", NAME), runs("mkfx", NAME), "the program's name"),
    Action("Another Process Taken Over", attaches(to_child=True), attaches(to_child=False), "it fails"),
    Action("Library Preloaded from Writable Directory", runs("true", NAME, env={"LD_PRELOAD": f"/tmp/{NAME}.so"}),
           runs("true", NAME, env={"LD_PRELOAD": f"/usr/lib/{NAME}.so"}), "the directory"),
    Action("Program Run from Memory", runs_from_memory, runs_a_copy, "the program is a file"),
    Action("Capabilities Kept for Programs", hands_on_capability(really=True), hands_on_capability(really=False),
           "it only asks"),
    Action("Shell Run in Container from Outside", enters_container("runc"), enters_container("runx"),
           "the parent's name"),
)  # fmt: skip
