"""The packages, installed, upgraded and removed for real: the .deb under systemd, the .rpm by dnf."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import paho
import pytest

from tests.appliance.engines import PROJECT, run, timed, until
from tests.appliance.test_container import read_shadow
from tests.documents.run_lines import INSTALL, PACKAGES, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.appliance.engines import Engine

BUILD = str(PROJECT / "build/packaging/build")
CAPABILITIES = ("SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH")
DROP_IN = r"""[Service]
Environment=HOST_ROOT=/host
CapabilityBoundingSet=
CapabilityBoundingSet=CAP_SYS_ADMIN CAP_SYS_PTRACE CAP_DAC_READ_SEARCH
"""
"""The host's files are below /host in a container, and not every docker knows CAP_BPF."""
NUMBERS = {"CAP_DAC_READ_SEARCH": 2, "CAP_SYS_PTRACE": 19, "CAP_SYS_NICE": 23, "CAP_PERFMON": 38, "CAP_BPF": 39}


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("packages")
    with timed("deb and rpm built"):
        program, place, *kinds = shlex.split(line(PACKAGES))
        assert (str(PROJECT / program), place) == (BUILD, "build/out")
        run(BUILD, str(folder), *kinds)
    return folder


def newer(folder: Path, work: Path) -> str:
    """The package again with a higher version and another falco.yaml, as the next release may have it."""
    (deb,) = folder.glob("falco_*.deb")
    run("dpkg-deb", "--raw-extract", str(deb), str(work))
    control = work / "DEBIAN/control"
    control.write_text(control.read_text().replace("Version: ", "Version: 9"))
    conf = work / "etc/falco/falco.yaml"
    conf.write_text(conf.read_text() + "# of the next release\n")
    run("dpkg-deb", "--root-owner-group", "--build", str(work), str(folder / "newer.deb"))
    return "/packages/newer.deb"


@pytest.fixture
def machine(docker: Engine, packages: Path) -> Iterator[str]:
    """A container with systemd as its first process."""
    name = "falco-test-systemd"
    with timed("systemd image"):
        docker("build", "--tag", name, str(PROJECT / "tests/appliance/systemd"), timeout=900)
    privileges = [word for one in CAPABILITIES for word in ("--cap-add", one)]
    memory = ("--tmpfs", "/run", "--tmpfs", "/run/lock", "-e", "container=docker", "--cgroupns", "private")
    docker("rm", "--force", name, check=False)
    docker(
        "run", "--detach", "--name", name, *privileges, "--security-opt", "seccomp=unconfined", *memory,
        "-v", f"{packages}:/packages:ro", "-v", "/proc:/host/proc:ro", name,
    )  # fmt: skip
    until(
        lambda: "running" in state(docker, name) or "degraded" in state(docker, name), 60, lambda: docker("logs", name)
    )
    yield name
    docker("rm", "--force", "--volumes", name)


def state(docker: Engine, name: str) -> str:
    return docker("exec", name, "systemctl", "is-system-running", check=False)


def test_the_deb_watches_keeps_the_users_settings_and_leaves_nothing(
    docker: Engine, packages: Path, machine: str, tmp_path: Path
) -> None:
    def shell(script: str, *, check: bool = True) -> str:
        return docker("exec", machine, "sh", "-c", script, check=check)

    def journal() -> str:
        return shell("journalctl --no-pager -u falco; systemctl status falco", check=False)

    traces = "find / -xdev -path '*falco*' ! -path '/proc/*' ! -path '/packages*' | sort"
    before, drop_in = shell(traces), "/etc/systemd/system/falco.service.d"
    shell(f"mkdir -p {drop_in}; printf '{DROP_IN}' > {drop_in}/host.conf")
    with timed("deb installed, to ready"):
        shell(f"mkdir /root/build && ln -s /packages /root/build/out && cd /root && {line(INSTALL)}")
        until(lambda: "ready in" in journal(), 90, journal)
    assert shell("systemctl is-enabled falco").strip() == "enabled"
    read_shadow()
    until(lambda: "cat /etc/shadow" in shell("cat /var/log/syslog", check=False), 15, journal)
    assert shell("stat -c '%a' /var/lib/falco /var/cache/falco").split() == ["700", "700"]
    # A client that no package brings is found where the message says to put it.
    asked = "timeout 5 falco-forwarder mqtt --drain -o forwarders.mqtt.url=mqtt://127.0.0.1:1 2>&1"
    lacking = shell(asked, check=False)
    assert "pip install --target /usr/local/lib/falco 'paho-mqtt>=2.1,<3'" in lacking
    shell("mkdir /usr/local/lib/falco")
    docker("cp", str(Path(paho.__file__).parent), f"{machine}:/usr/local/lib/falco/paho")
    assert "pip install" not in (tried := shell(asked, check=False)) and "mqtt" in tried
    shell("rm -r /usr/local/lib/falco; systemctl enable --now falco-forwarder@webhook")
    # What the user changed stays, and what he did not change becomes the next release's.
    shell("echo '# mine' >> /etc/falco/falco_rules.local.yaml; echo '# mine' >> /etc/falco/falco.yaml")
    services = "systemctl show --property MainPID --value falco falco-forwarder@webhook"
    first = shell(services).split()
    shell(f"dpkg -i --force-confdef --force-confold {newer(packages, tmp_path / 'work')}")
    assert "# mine" in shell("tail -1 /etc/falco/falco_rules.local.yaml") + shell("tail -1 /etc/falco/falco.yaml")
    assert "# of the next" not in shell("cat /etc/falco/falco.yaml")
    until(lambda: shell("systemctl is-active falco", check=False).strip() == "active", 30, journal)
    second = shell(services).split()
    assert len({*first, *second} - {"0"}) == 4
    shell(
        "logrotate --debug /etc/logrotate.d/falco; systemd-analyze verify falco.service falco-forwarder@webhook.service"
    )
    shell("systemctl reload falco")
    until(lambda: "Reloaded" in journal(), 20, journal)
    shell("dpkg --remove falco")
    assert shell("systemctl is-active falco", check=False).strip() in ("inactive", "unknown")
    assert "falco-forwarder" not in shell("find /etc/systemd/system")
    assert "# mine" in shell("cat /etc/falco/falco.yaml")
    shell(f"rm -r {drop_in}; dpkg --purge falco")
    assert shell(traces) == before


def test_a_disabled_service_stays_disabled_over_an_upgrade(
    docker: Engine, packages: Path, machine: str, tmp_path: Path
) -> None:
    docker("exec", machine, "sh", "-c", "dpkg -i /packages/falco_*.deb && systemctl disable --now falco")
    docker("exec", machine, "dpkg", "-i", newer(packages, tmp_path / "work"))
    assert docker("exec", machine, "systemctl", "is-enabled", "falco", check=False).strip() == "disabled"
    assert docker("exec", machine, "systemctl", "is-active", "falco", check=False).strip() != "active"


def test_the_capabilities_of_the_unit_are_enough(tmp_path: Path) -> None:
    unit = (PROJECT / "build/packaging/files/falco.service").read_text()
    (names,) = re.findall(r"^CapabilityBoundingSet=(.*)$", unit, re.MULTILINE)
    kept = ",".join(["-all", *(f"+cap_{NUMBERS[name]}" for name in names.split())])
    options = (
        "-r",
        "rules/falco_rules.yaml",
        "-o",
        "webserver.enabled=false",
        "-o",
        f"alert_store.path={tmp_path}/alerts.db",
    )
    shown = run(
        *(
            "setpriv",
            "--bounding-set",
            kept,
            "--no-new-privs",
            "--",
            sys.executable,
            "-m",
            "falco.cli",
            "-M",
            "2",
            *options,
        )
    )
    assert "ready in" in shown and "Events detected" in shown


def test_the_same_commit_gives_the_same_deb(tmp_path: Path) -> None:
    made = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        run(BUILD, str(folder), "deb", env={"SOURCE_DATE_EPOCH": "1700000000"})
        made += [deb.read_bytes() for deb in folder.glob("*.deb")]
    assert len(made) == 2 and made[0] == made[1]


HOST_SPEC = """
Name: machine
Version: 1
Release: 1
Summary: What Falco's package needs of a machine
License: Apache-2.0
AutoReqProv: no
Provides: python3 = 3.12, python3-bcc, python3-pyyaml, python3-h11, python3-docker, python3-grpcio, python3-requests
Provides: /bin/sh
%description
For tests.
%install
mkdir -p %{buildroot}/bin
cp /bin/busybox %{buildroot}/bin/busybox
ln -s busybox %{buildroot}/bin/sh
ln -s busybox %{buildroot}/bin/find
%files
/bin/busybox
/bin/sh
/bin/find
"""


def test_the_rpm_is_installed_and_removed_by_dnf(packages: Path, tmp_path: Path) -> None:
    (tmp_path / "machine.spec").write_text(HOST_SPEC)
    repository, root = tmp_path / "repository", tmp_path / "root"
    repository.mkdir()
    run("rpmbuild", "-bb", "--define", f"_topdir {tmp_path}/build", "--define", f"_rpmdir {repository}", "--define",
        "debug_package %{nil}", str(tmp_path / "machine.spec"))  # fmt: skip
    (rpm,) = packages.glob("*.rpm")
    (repository / rpm.name).write_bytes(rpm.read_bytes())
    run("createrepo_c", "--quiet", str(repository))
    dnf = ("dnf", f"--installroot={root}", f"--repofrompath=test,file://{repository}", "--repo=test", "--nogpgcheck",
           "--releasever=10", "--assumeyes", f"--setopt=cachedir={tmp_path}/cache")  # fmt: skip
    with timed("rpm installed by dnf"):
        run(*dnf, "install", "falco", timeout=300)
    command = [str(root / "usr/bin/falco")]
    script = Path(command[0]).read_text().replace("/usr/lib/falco", str(root / "usr/lib/falco"))
    done = subprocess.run(
        ["/usr/bin/python3", "-", "--version"], input=script, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("falco version ")
    (root / "etc/falco/falco.yaml").write_text("# mine\n")
    run(*dnf, "reinstall", "falco", timeout=300)
    assert (root / "etc/falco/falco.yaml").read_text() == "# mine\n"
    run(*dnf, "remove", "falco", timeout=300)
    left = [
        str(path.relative_to(root))
        for path in root.rglob("*falco*")
        if "var/log" not in str(path) and "rpm" not in str(path)
    ]
    # The user's own file stays, as everywhere with rpm.
    assert left in ([], ["etc/falco"]) and not (root / "usr/lib/falco").exists()
