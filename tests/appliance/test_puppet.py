"""The Puppet module applied for real under systemd: changes, then none, then alerts; and removed without a trace."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.appliance.engines import CACHE, PROJECT, run, timed, until
from tests.appliance.test_container import HOST, LEAST, QUIET, read_shadow, socket_of
from tests.appliance.test_packages import BUILD, CAPABILITIES, DROP_IN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.appliance.conftest import Sink
    from tests.appliance.engines import Engine

NAME = "falco-test-puppet-machine"
SHARED = CACHE / "puppet"
"""A directory that has the same path here, where the engine is, and in the machine that Puppet changes."""
TRACES = "find / -xdev -path '*falco*' ! -path '/proc/*' ! -path '/packages*' ! -path '/modules/*' | sort"


class Machine:
    """A container with systemd as its first process, and Puppet in it."""

    def __init__(self, docker: Engine) -> None:
        self._docker = docker

    def shell(self, script: str, *, check: bool = True) -> str:
        """What a script prints."""
        return self._docker("exec", NAME, "sh", "-c", script, check=check, timeout=300)

    def apply(self, manifest: str) -> tuple[int, str]:
        """Puppet's status (0: nothing to change, 2: changed) and what it printed."""
        (SHARED / "manifest.pp").write_text(manifest)
        command = f"puppet apply --detailed-exitcodes --color false --modulepath /modules {SHARED}/manifest.pp"
        shown = self.shell(f"{command} 2>&1; echo status $?", check=False)
        text, _, status = shown.rstrip().rpartition("status ")
        return int(status), text

    def changes_once(self, manifest: str) -> None:
        """Apply it twice: something changes, then nothing."""
        with timed("puppet apply, twice"):
            first, second = self.apply(manifest), self.apply(manifest)
        assert first[0] == 2, first[1]
        assert second[0] == 0, first[1] + second[1] + self.journal()

    def journal(self) -> str:
        """What the service printed."""
        return self.shell("journalctl --no-pager -u falco -u 'falco-forwarder@*'; systemctl status falco", check=False)


@contextlib.contextmanager
def machine(docker: Engine, *options: str) -> Iterator[Machine]:
    shutil.rmtree(SHARED, ignore_errors=True)
    SHARED.mkdir(parents=True)
    with timed("puppet image"):
        docker("build", "--tag", "falco-test-puppet-machine", str(PROJECT / "tests/appliance/puppet"), timeout=900)
    privileges = [word for one in CAPABILITIES for word in ("--cap-add", one)]
    memory = ("--tmpfs", "/run", "--tmpfs", "/run/lock", "-e", "container=docker", "--cgroupns", "private")
    docker("rm", "--force", "--volumes", NAME, check=False)
    docker(
        "run", "--detach", "--name", NAME, *privileges, "--security-opt", "seccomp=unconfined", *memory,
        "-v", "/proc:/host/proc:ro", "-v", f"{PROJECT}/puppet:/modules/falco:ro", "-v", f"{SHARED}:{SHARED}", *options,
        "falco-test-puppet-machine",
    )  # fmt: skip
    made = Machine(docker)
    try:
        until(
            lambda: made.shell("systemctl is-system-running", check=False).strip() in ("running", "degraded"),
            60, made.journal,
        )  # fmt: skip
        yield made
    finally:
        docker("rm", "--force", "--volumes", NAME)
        shutil.rmtree(SHARED, ignore_errors=True)


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("packages")
    run(BUILD, str(folder), "deb")
    (deb,) = folder.glob("*.deb")
    return deb


PACKAGE = """
class {{ 'falco':
  package_source => '/packages/{deb}',
  settings       => {{
    'json_output' => true,
    'webserver'   => {{ 'enabled' => false }},
    'file_output' => {{ 'enabled' => true, 'filename' => '/srv/alerts/falco.json' }},
    'forwarders'  => {{ 'webhook' => {{ 'enabled' => true, 'max_backoff' => 1 }} }},
  }},
  secrets        => Sensitive({{ 'webhook' => {{ 'url' => 'http://127.0.0.1:{port}/' }} }}),
  local_rules    => [
    {{ 'rule' => 'Shadow by Puppet', 'desc' => 'x', 'priority' => 'ALERT', 'output' => 'puppet %fd.name',
       'condition' => 'evt.type in (open, openat, openat2) and evt.dir = < and fd.name = /etc/shadow' }},
  ],
  rules          => {{ '10-off' => "- rule: Read sensitive file untrusted\\n  enabled: false\\n" }},
}}
"""


def test_the_package_form(docker: Engine, package: Path, sink: Sink) -> None:
    with machine(docker, "--network", "host", "-v", f"{package.parent}:/packages:ro") as host:
        before = host.shell(TRACES)
        drop_in = "/etc/systemd/system/falco.service.d"
        host.shell(f"mkdir -p /srv/alerts {drop_in}; printf '{DROP_IN}' > {drop_in}/host.conf")
        manifest = PACKAGE.format(deb=package.name, port=sink.port)
        host.changes_once(manifest)
        until(lambda: "ready in" in host.journal(), 90, host.journal)
        read_shadow()
        until(lambda: any(a["rule"] == "Shadow by Puppet" for a in sink.alerts), 30, host.journal)
        assert '"rule": "Shadow by Puppet"' in host.shell("cat /srv/alerts/falco.json").replace('":"', '": "')
        # Written since these settings are in force; the store has older alerts as well.
        assert "Read sensitive file untrusted" not in host.shell("cat /srv/alerts/falco.json")
        assert host.shell("stat -c '%a %U' /etc/falco/secrets /etc/falco/secrets/webhook.url").split("\n")[:2] == [
            *("700 root", "600 root"),
        ]
        host.shell("logrotate --debug /etc/logrotate.d/falco")
        # What Falco would refuse is not put in force, and what was there goes on.
        status, shown = host.apply(manifest.replace("fd.name = /etc/shadow", "fd.nom = /etc/shadow"))
        assert status in (4, 6) and "fd.nom" in shown
        assert host.shell("systemctl is-active falco falco-forwarder@webhook").split() == ["active", "active"]
        host.changes_once("class { 'falco': ensure => absent }")
        host.shell("rm -r /srv/alerts")
        assert host.shell(TRACES) == before
        assert "falco" not in host.shell("systemctl list-units --all --no-legend 'falco*'; dpkg -l | grep falco; true")


CONTAINER = """
class {{ 'falco':
  ensure           => {ensure},
  form             => 'container',
  image            => 'falco-test-puppet:latest',
  run_arguments    => {arguments},
  config_directory => '{directory}/falco',
  settings         => {{ 'json_output' => true }},
  local_rules      => [
    {{ 'rule' => 'Shadow by Puppet', 'desc' => 'x', 'priority' => 'ALERT', 'output' => 'puppet %fd.name',
       'condition' => 'evt.type in (open, openat, openat2) and evt.dir = < and fd.name = /etc/shadow' }},
    {{ 'rule' => 'Read sensitive file untrusted', 'enabled' => false }},
  ],
}}
"""


def values_of_container(docker: Engine, folder: Path) -> dict[str, object]:
    """What CONTAINER lacks, for an image that no other container is made of."""
    (folder / "Dockerfile").write_text("FROM falco:latest\nLABEL test=puppet\n")
    docker("build", "--tag", "falco-test-puppet:latest", str(folder))
    volumes = ("--volume", "falco-cache:/var/cache/falco", "--volume", "falco-lib:/var/lib/falco")
    arguments = [*LEAST, *HOST, *socket_of(docker), *QUIET, *volumes]
    return {"arguments": json.dumps(arguments).replace('"', "'"), "directory": SHARED}


def client_of(docker: Engine) -> tuple[str, ...]:
    """Options by which the machine has docker, the one that it runs in itself."""
    socket = docker.command[2].removeprefix("unix://")
    return ("-v", f"{socket}:/run/docker.sock", "-v", "/usr/bin/docker:/usr/bin/docker:ro")


def remove_container(docker: Engine) -> None:
    docker("rm", "--force", "--volumes", "falco", check=False)
    docker("volume", "rm", "--force", "falco-cache", "falco-lib", check=False)


def test_the_container_form(docker: Engine, tmp_path: Path) -> None:
    values = values_of_container(docker, tmp_path)
    with machine(docker, *client_of(docker)) as host:
        before = host.shell(TRACES)
        try:
            host.changes_once(CONTAINER.format(ensure="present", **values))
            until(lambda: "ready in" in docker("logs", "falco", check=False), 120, host.journal)
            read_shadow()
            until(lambda: '"rule":"Shadow by Puppet"' in host.journal().replace('": "', '":"'), 30, host.journal)
            assert host.shell("systemctl is-active falco").strip() == "active"
            host.changes_once(CONTAINER.format(ensure="absent", **values))
            assert host.shell(TRACES) == before
            assert not (SHARED / "falco").exists()
            assert docker("ps", "--all", "--quiet", "--filter", "name=^falco$") == ""
            assert docker("volume", "ls", "--quiet", "--filter", "name=falco-cache", "--filter", "name=falco-lib") == ""
            assert docker("images", "--quiet", "falco-test-puppet") == ""
        finally:
            remove_container(docker)


OTHER_FORM = """
class {{ 'falco':
  package_source => '/packages/{deb}',
  settings       => {{
    'webserver'  => {{ 'enabled' => false }},
    'forwarders' => {{ 'webhook' => {{ 'enabled' => true, 'url' => 'http://127.0.0.1:1/' }} }},
  }},
}}
"""


def test_from_one_form_to_the_other_and_back(docker: Engine, package: Path, tmp_path: Path) -> None:
    container = CONTAINER.format(ensure="present", **values_of_container(docker, tmp_path))
    as_package = OTHER_FORM.format(deb=package.name)
    unit, services = "systemctl show --property FragmentPath --value falco", "falco falco-forwarder@webhook"
    with machine(docker, *client_of(docker), "-v", f"{package.parent}:/packages:ro") as host:
        drop_in = "/etc/systemd/system/falco.service.d"
        host.shell(f"mkdir -p {drop_in}; printf '{DROP_IN}' > {drop_in}/host.conf")
        try:
            host.changes_once(as_package)
            assert host.shell(f"systemctl is-active {services}").split() == ["active", "active"]
            host.changes_once(container)
            until(lambda: "ready in" in docker("logs", "falco", check=False), 120, host.journal)
            assert host.shell("dpkg-query --show --showformat '${Status}' falco") == "deinstall ok config-files"
            assert host.shell(unit).strip() == "/etc/systemd/system/falco.service"
            assert "falco-forwarder@" not in host.shell("find /etc/systemd/system; systemctl list-units")
            assert host.shell("systemctl is-enabled falco").strip() == "enabled"
            host.changes_once(as_package)
            assert docker("ps", "--all", "--quiet", "--filter", "name=^falco$") == ""
            assert host.shell(unit).strip().removeprefix("/usr") == "/lib/systemd/system/falco.service"
            assert host.shell(f"systemctl is-active {services}").split() == ["active", "active"]
            assert host.shell("systemctl is-enabled falco").strip() == "enabled"
        finally:
            remove_container(docker)
