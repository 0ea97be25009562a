"""Actions on files."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from falco_event_generator.action import Act, Action
from falco_event_generator.scene import NAME, Scene

VFS_CAP_REVISION_2 = 0x02000000
CAP_SETUID, CAP_NET_BIND_SERVICE = 7, 10


def writes(path: str) -> Act:
    """Make a file and remove it. A relative path is one in the action's own directory."""

    def act(scene: Scene) -> str:
        return str(scene.write(scene.place / path))

    return act


def reads(path: str) -> Act:
    """Have a script read a file; one that is not there is made."""

    def act(scene: Scene) -> str:
        target = scene.place / path
        if not target.exists():
            scene.write(target)
        scene.child(target.read_bytes)
        return str(target)

    return act


def removes(path: str) -> Act:
    def act(scene: Scene) -> str:
        target = scene.write(scene.place / path)
        target.unlink()
        return str(target)

    return act


def makes_directory(path: str) -> Act:
    def act(scene: Scene) -> str:
        return str(scene.directory(scene.place / path))

    return act


def opens(path: str, flags: int) -> Act:
    def act(scene: Scene) -> str:
        target = scene.write(scene.place / path)
        os.close(os.open(target, os.O_WRONLY | flags))
        return str(target)

    return act


def sets_mode(path: str, mode: int) -> Act:
    def act(scene: Scene) -> str:
        target = scene.write(scene.place / path)
        target.chmod(mode)
        return str(target)

    return act


def gives_capability(number: int) -> Act:
    """Let whoever runs a program have a capability."""

    def act(scene: Scene) -> str:
        target = scene.write(scene.place / "capable")
        os.setxattr(target, "security.capability", struct.pack("<5I", VFS_CAP_REVISION_2, 1 << number, 0, 0, 0))
        return str(target)

    return act


def links(path: str) -> Act:
    def act(scene: Scene) -> str:
        target = Path("/usr/share", NAME)
        scene.undo(target.unlink)
        os.link(path, target)
        return path

    return act


def hands_on(path: str) -> Act:
    """Open a file, and start a program that reads from it."""

    def act(scene: Scene) -> str:
        with Path(path).open("rb") as opened:
            scene.run(["/bin/cat"], stdin=opened.fileno())
        return path

    return act


def runs_shell_that_reads(path: str) -> Act:
    def act(scene: Scene) -> str:
        target = scene.write(scene.place / path, ": nothing\n")
        scene.run(["/bin/sh", "-c", f". {target}"])
        return str(target)

    return act


def reads_after(name: str, seconds: float) -> Act:
    """A process of this name reads the password hashes some time after its start."""

    def act(scene: Scene) -> str:
        scene.script(name, f"import time; time.sleep({seconds}); open('/etc/shadow').read()")
        return "/etc/shadow"

    return act


ACTIONS = (
    Action("Modify Shell Configuration File", writes(".bashrc"), writes("bashrc"), "the name of the file"),
    Action("Read Shell Configuration File", reads(".zshrc"), runs_shell_that_reads(".zshrc"), "a shell reads it",
           ("consider_shell_config_reads", "(always_true)")),
    Action("Schedule Cron Jobs", writes(f"/etc/cron.d/{NAME}"), writes(f"cron.d/{NAME}"), "the directory",
           ("consider_all_cron_jobs", "(always_true)")),
    Action("Update Package Repository", writes(f"/etc/apt/sources.list.d/{NAME}.list"), writes(f"/etc/apt/{NAME}.list"),
           "the directory"),
    Action("Write below binary dir", writes(f"/usr/bin/{NAME}-created"), writes(f"bin/{NAME}-created"),
           "the directory"),
    Action("Write below monitored dir", writes(f"/usr/local/lib/{NAME}"), writes(f"/usr/local/share/{NAME}"),
           "the directory"),
    Action("Read ssh information", reads(f"/home/{NAME}/.ssh/id_rsa"), reads(f"/home/{NAME}/ssh/id_rsa"),
           "the directory", ("consider_ssh_reads", "(always_true)")),
    Action("Write below etc", writes(f"/etc/{NAME}"), writes(f"/var/lib/{NAME}"), "the directory"),
    Action("Write below root", writes(f"/root/.{NAME}"), writes(f"/root/.cache/{NAME}"), "the directory"),
    Action("Read sensitive file trusted after startup", reads_after("nginx", 5.5), reads_after("nginx", 0),
           "the server's age"),
    Action("Read sensitive file untrusted", reads("/etc/shadow"), reads("/etc/passwd"), "the file"),
    Action("Write below rpm database", writes(f"/var/lib/rpm/{NAME}"), writes(f"/var/lib/{NAME}"), "the directory"),
    Action("Modify binary dirs", removes(f"/usr/bin/{NAME}-removed"), removes(f"bin/{NAME}-removed"), "the directory"),
    Action("Mkdir binary dirs", makes_directory(f"/usr/bin/{NAME}-made"), makes_directory(f"bin/{NAME}-made"),
           "the directory"),
    Action("Create files below dev", writes(f"/dev/.{NAME}"), writes(f"/dev/shm/.{NAME}"), "the directory"),
    Action("Clear Log Activities", opens(f"/var/log/{NAME}.log", os.O_TRUNC), opens(f"{NAME}.log", os.O_TRUNC),
           "the directory"),
    Action("Delete Bash History", opens(".bash_history", os.O_TRUNC), opens("bash_history", os.O_TRUNC),
           "the name"),
    Action("Set Setuid or Setgid bit", sets_mode("everybody", 0o4755), sets_mode("everybody", 0o755), "the mode",
           ("consider_all_chmods", "(fs.path.name endswith /everybody)")),
    Action("Create Hidden Files or Directories", makes_directory(".hidden"), makes_directory("shown"), "the name",
           ("consider_hidden_file_creation", "(always_true)")),
    Action("Setuid Program Made", sets_mode("program", 0o4755), sets_mode("program", 0o2755), "the mode"),
    Action("Sensitive File Read by Passed Descriptor", hands_on("/etc/shadow"), hands_on("/etc/passwd"), "the file",
           ("consider_reads_of_passed_files", "(always_true)")),
    Action("Powerful Capabilities Given to Program", gives_capability(CAP_SETUID),
           gives_capability(CAP_NET_BIND_SERVICE), "the capability"),
    Action("Sensitive File Given Another Name", links("/etc/shadow"), links("/etc/passwd"), "the file"),
)  # fmt: skip
