"""The real image under real engines: it watches this host, and keeps what README.md promises when things go wrong."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.appliance.engines import BASE, CACHE, PROJECT, Container, Engine, timed, until
from tests.documents.run_lines import least, mounts, privileged, without_mounts
from tests.sinks.servers import free_port

if TYPE_CHECKING:
    from tests.appliance.conftest import Sink

LEAST_OF_README, PRIVILEGED_OF_README = least(), privileged()
LEAST, PRIVILEGED = without_mounts(LEAST_OF_README), without_mounts(PRIVILEGED_OF_README)
SOCKET = "/var/run/docker.sock"
"""Where README has docker listen; here it listens elsewhere."""
HOST = tuple(
    word
    for mount in mounts(PRIVILEGED_OF_README)
    if mount.split(":")[1].startswith("/host/") and not mount.startswith(SOCKET)
    for word in ("-v", mount)
)
# The stores of all containers here are their own, and what README calls falco-cache is not taken from a user.
CACHE_VOLUME = ("-v", "falco-test-cache:/var/cache/falco")
QUIET = ("-e", "FALCO_WEBSERVER__ENABLED=false", "--network", "host")
NAMED, OTHER = ("-e", "FALCO_PRINT=c"), "falco-test-other"
"""Alerts have the container's name; that of the one that gives an alert."""

PROCESSES = {
    "first process": "appliance.init",
    "supervisord": "bin/supervisord",
    "listener": "appliance.listener",
    "detector": "falco.cli",
    "forwarder": "falco-forwarder webhook",
}
"""What runs in a container with one forwarder, by a part of its command line."""


def socket_of(docker: Engine) -> tuple[str, str]:
    (mount,) = [one for one in mounts(LEAST_OF_README) if one.startswith(f"{SOCKET}:")]
    return ("-v", docker.command[2].removeprefix("unix://") + mount.removeprefix(SOCKET))


def start(docker: Engine, *options: str, command: tuple[str, ...] = ()) -> Container:
    return docker.start(*LEAST, *HOST, *socket_of(docker), *CACHE_VOLUME, *QUIET, *options, command=command)


@pytest.fixture
def running(docker: Engine) -> Iterator[Container]:
    container = start(docker).wait_ready()
    yield container
    docker("rm", "--force", "--volumes", container.name)


def read_shadow(*marks: str) -> None:
    """Read /etc/shadow on this host; marks are further files, of which there are none."""
    done = subprocess.run(["cat", "/etc/shadow", *marks], capture_output=True, check=False)
    assert done.stdout and done.returncode == bool(marks)


def alert(container: Container, *parts: str, seconds: float = 10) -> str:
    """The first alert about a read of /etc/shadow that has these parts, waited for."""

    def found() -> list[str]:
        return [line for line in container.alerts() if all(part in line for part in ("file=/etc/shadow", *parts))]

    until(found, seconds, container.logs)
    return found()[0]


def webhook(sink: Sink) -> tuple[str, ...]:
    given = {"ENABLED": "true", "URL": f"http://127.0.0.1:{sink.port}/", "MAX_BACKOFF": "1"}
    return tuple(word for key, one in given.items() for word in ("-e", f"FALCO_FORWARDERS__WEBHOOK__{key}={one}"))


def assert_both_alerts(engine: Engine, container: Container, sink: Sink) -> None:
    """A read on the host and one in another container: one alert each, with the container's name and image."""
    read_shadow("/nowhere/host")
    alert(container, "user=root", "command=cat /etc/shadow /nowhere/host", "container_id=host")
    image = "debian" if engine.name == "docker" else "localhost/falco"
    engine("run", "--rm", "--name", OTHER, BASE if engine.name == "docker" else engine.image, *shadow_in(engine))
    alert(container, "command=cat /etc/shadow /nowhere/container", f"image={image}", f"container={OTHER} ")
    # Alerts are delivered in order, so with this one all that came before it are there.
    read_shadow("/nowhere/last")
    until(lambda: posted(sink, "/nowhere/last"), 15, container.logs)
    (of_host,) = posted(sink, "/nowhere/host")
    assert "container_id=host" in of_host
    (of_container,) = posted(sink, "/nowhere/container")
    assert f"image={image}" in of_container and f"container={OTHER} " in of_container
    assert "container_id=host" not in of_container and "container_id=<NA>" not in of_container


def posted(sink: Sink, part: str) -> list[str]:
    """The texts of the alerts that came to the webhook and have this part."""
    return [str(one["output"]) for one in sink.alerts if part in str(one["output"])]


def shadow_in(engine: Engine) -> tuple[str, ...]:
    # Podman has nothing to tell of a container that is removed before it is asked, and is slow to answer.
    read = "cat /etc/shadow /nowhere/container"
    return ("sh", "-c", f"{read}; true" if engine.name == "docker" else f"sleep 3; {read}; sleep 1")


def test_with_least_privileges_it_watches_the_host_and_its_containers(docker: Engine, sink: Sink) -> None:
    docker("volume", "rm", "falco-test-cache", check=False)
    with timed("cold start to ready (least privileges)"):
        container = start(docker, *NAMED, *webhook(sink)).wait_ready()
    status = Path(f"/proc/{container.process(PROCESSES['forwarder'])}/status").read_text()
    assert re.findall(r"^Cap(?:Eff|Prm|Amb):\t(\S+)$", status, re.MULTILINE) == ["0000000000000000"] * 3
    assert_both_alerts(docker, container, sink)
    until(lambda: '"Status": "healthy"' in json.dumps(container.state["Health"]), 45, container.logs)
    sizes = [
        f"{name} {int(Path(f'/proc/{container.process(part)}/statm').read_text().split()[1]) * 4 // 1024} MB"
        for name, part in PROCESSES.items()
    ]  # fmt: skip
    with timed(f"stop; memory was: {', '.join(sizes)}"):
        assert container.stop() < 5
    with timed("warm start to ready (least privileges)"):
        start(docker).wait_ready()


def test_privileged_under_podman_it_does_the_same(docker: Engine, podman: Engine, sink: Sink) -> None:
    socket = "/run/falco-test-podman.sock"
    with subprocess.Popen([*podman.command, "system", "service", "--time", "0", f"unix://{socket}"]) as service:
        until(Path(socket).exists, 20, lambda: "podman's service does not start")
        try:
            with timed("start to ready (podman, privileged)"):
                container = podman.start(
                    *PRIVILEGED, *HOST, "-v", f"{socket}:/host/run/podman/podman.sock", *CACHE_VOLUME, *QUIET, *NAMED,
                    *webhook(sink),
                ).wait_ready()  # fmt: skip
            assert_both_alerts(podman, container, sink)
            assert container.stop() < 5
        finally:
            service.terminate()


def test_the_line_of_0_15_works(docker: Engine, running: Container) -> None:
    # Nothing is compiled then, so a start before it has to have left a probe.
    assert running.running
    mounts = ("/dev", "/proc", "/boot", "/lib/modules", "/usr")
    places = [word for path in mounts for word in ("-v", f"{path}:/host{path}" + ("" if path == "/dev" else ":ro"))]
    environ = ("-e", "SYSDIG_HOST_ROOT=/host", "-e", "SYSDIG_SKIP_LOAD=1")
    # Where privileges can be had in full, --privileged stands for these.
    caps = (
        "--cap-add",
        "SYS_ADMIN",
        "--cap-add",
        "SYS_PTRACE",
        "--cap-add",
        "DAC_READ_SEARCH",
        "--security-opt",
        "seccomp=unconfined",
    )
    container = docker.start(
        *caps, *places, *socket_of(docker), *environ, *CACHE_VOLUME, *QUIET,
        command=("/usr/bin/falco", "-o", "json_output=true", "-pc"),
    ).wait_ready()  # fmt: skip
    read_shadow()
    assert '"rule":' in alert(container, "cat /etc/shadow")


def test_a_detector_that_ends_ends_the_container_with_its_reason(running: Container) -> None:
    os.kill(running.process("falco.cli"), signal.SIGKILL)
    assert running.wait_end() == 1
    assert running.logs().splitlines()[-1].startswith("falco: the detector ended: ")


def test_supervisord_can_be_killed_and_everything_ends_in_order(docker: Engine, sink: Sink) -> None:
    with storing(docker, *webhook(sink)) as container:
        processes = [container.process(part) for part in PROCESSES.values()]
        read_shadow("/nowhere/killed")
        os.kill(container.process("bin/supervisord"), signal.SIGKILL)
        assert container.wait_end() == 1
        assert container.logs().splitlines()[-1] == "falco: supervisord ended by itself with status -9"
        assert not [pid for pid in processes if Path(f"/proc/{pid}").exists()]
        assert stored(docker).count("/nowhere/killed") == 1


def test_the_first_process_can_be_killed_and_nothing_is_left(running: Container) -> None:
    detector = running.process("falco.cli")
    os.kill(running.process("appliance.init"), signal.SIGKILL)
    assert running.wait_end() == 137
    until(lambda: not Path(f"/proc/{detector}").exists(), 10, lambda: "the detector is left")


def test_a_killed_listener_comes_back_and_still_ends_the_container(running: Container) -> None:
    first = running.process("appliance.listener")
    os.kill(first, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{first}").exists(), 10, running.logs)
    time.sleep(1)
    assert running.running and running.process("appliance.listener") != first
    os.kill(running.process("falco.cli"), signal.SIGTERM)
    assert running.wait_end() == 0


def test_a_killed_forwarder_comes_back_and_its_backlog_goes_on(docker: Engine, sink: Sink) -> None:
    sink.open = False
    container = start(docker, *webhook(sink)).wait_ready()
    read_shadow()
    alert(container, "container_id=host")
    first = container.process("falco-forwarder webhook")
    os.kill(first, signal.SIGKILL)
    until(lambda: "forwarder-webhook" in container.logs() and "started again" in container.logs(), 10, container.logs)
    assert not sink.alerts
    sink.open = True
    until(lambda: any("/etc/shadow" in str(one["output"]) for one in sink.alerts), 20, container.logs)
    assert container.running and container.process("falco-forwarder webhook") != first


def test_what_is_asked_in_it_is_answered_by_the_settings_in_force(docker: Engine, sink: Sink) -> None:
    store = ("-e", "FALCO_ALERT_STORE__PATH=/var/lib/falco/elsewhere/alerts.db")
    rules = ("-e", "FALCO_RULES_FILE=/etc/falco/falco_rules.local.yaml,/etc/falco/k8s_audit_rules.yaml")
    # The rules of system calls would make no difference to what is looked at here.
    given = {"DISABLE_SOURCE": "syscall", "WEBSERVER__ENABLED": "true", "WEBSERVER__LISTEN_PORT": free_port()}
    source = [word for key, one in given.items() for word in ("-e", f"FALCO_{key}={one}")]
    container = start(docker, *store, *rules, *webhook(sink), *source).wait_ready()
    assert "elsewhere/alerts.db" in container.execute("falco", "--support")

    def health() -> str:
        return container.execute("falco-forwarder", "webhook", "--health", check=False)

    until(lambda: '"up": 1' in health(), 15, health)
    container.execute("falco", "alerts")
    shown = container.execute("falco", "-L")
    assert "Anonymous Request Allowed" in shown and "Read sensitive file untrusted" not in shown


@contextlib.contextmanager
def storing(docker: Engine, *options: str) -> Iterator[Container]:
    """A container whose store outlives it."""
    container = start(docker, "-v", "falco-test-lib:/var/lib/falco", *options).wait_ready()
    try:
        yield container
    finally:
        docker("rm", "--force", "--volumes", container.name)
        docker("volume", "rm", "falco-test-lib")


def stored(docker: Engine) -> str:
    """What the store of `storing` has of the last minutes."""
    return docker("run", "--rm", "-v", "falco-test-lib:/var/lib/falco", docker.image, "alerts", "--since", "5m")


def test_stop_takes_less_than_5_seconds_and_every_alert_is_in_the_store(docker: Engine) -> None:
    with storing(docker) as container:
        for number in range(5):
            read_shadow(f"/nowhere/{number}")
        alert(container, "/nowhere/4")
        assert container.stop() < 5
        assert container.wait_end() == 0
        shown = stored(docker)
        told = [one for one in container.alerts() if " Warning " in one]
        assert len(told) >= 5
        for one in told:
            # The store has the text of the alert, whatever the time of the output looked like.
            assert one.partition(": ")[2] in shown


def test_a_detector_that_is_stuck_is_not_healthy(running: Container) -> None:
    until(lambda: running.healthy() == "healthy", 10, running.logs)
    detector = running.process("falco.cli")
    os.kill(detector, signal.SIGSTOP)
    until(lambda: "has not moved" in running.healthy(), 20, running.healthy)
    os.kill(detector, signal.SIGCONT)
    until(lambda: running.healthy() == "healthy", 10, running.healthy)


def test_leftovers_of_the_container_are_reaped(running: Container) -> None:
    running.execute("sh", "-c", "(sleep 0.2 &) ; exit 0")
    time.sleep(1)
    states = [
        Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        for pid in running._engine("top", running.name, "-eo", "pid").split()[1:]
        if Path(f"/proc/{pid}").exists()
    ]
    assert "Z" not in states and len(states) >= 4


def test_a_hangup_loads_the_configuration_anew(docker: Engine, tmp_path: Path) -> None:
    (tmp_path / "falco.yaml").write_text("json_output: false\n")
    container = start(docker, "-v", f"{tmp_path}/falco.yaml:/etc/falco/falco.yaml:ro").wait_ready()
    with (tmp_path / "falco.yaml").open("w") as file:
        file.write("json_output: true\n")
    docker("kill", "--signal", "HUP", container.name)
    until(lambda: "Reloaded" in container.logs(), 20, container.logs)
    read_shadow()
    assert '"rule":' in alert(container, "cat /etc/shadow")
    with (tmp_path / "falco.yaml").open("w") as file:
        file.write("log_level: nonsense\n")
    docker("kill", "--signal", "HUP", container.name)
    until(lambda: "Unknown log level nonsense" in container.logs(), 20, container.logs)
    assert container.running and container.logs().count("Reloaded") == 1


@pytest.mark.parametrize(
    ("options", "command", "last"),
    [
        (("-e", "FALCO_LOGLEVEL=debug"), (), "did you mean: FALCO_LOG_LEVEL"),
        (("-e", "FALCO_WEBSERVER__LISTEN_PORT=x"), (), "expected: a port number, 1 to 65535"),
        (("-e", "FALCO_FORWARDERS__KAFKA__ENABLED=yes"), (), "expected: forwarders.kafka.brokers"),
        ((), ("--nonsense",), "falco --help lists the options."),
        (
            ("-v", f"{PROJECT}/tests/functional/rules/broken_macro.yaml:/etc/falco/rules.d/x.yaml:ro"),
            (),
            "the detector ended",
        ),
    ],
)
def test_a_mistake_ends_the_start_with_its_reason_last(docker: Engine, options, command, last) -> None:
    container = start(docker, *options, command=command)
    assert container.wait_end() == 1
    assert last in container.logs().splitlines()[-1]


def test_links_to_services_and_secrets_in_files(docker: Engine, tmp_path: Path) -> None:
    (tmp_path / "level").write_text("debug\n")
    variables = (
        *("FALCO_SERVICE_HOST=10.0.0.1", "FALCO_PORT_8765_TCP=tcp://10.0.0.1:8765"),
        *("FALCO_LOG_LEVEL_FILE=/run/s/level", "FALCO_PRIORITY=warning"),
    )
    options = [word for pair in variables for word in ("-e", pair)]
    shown = docker("run", "--rm", *options, "-v", f"{tmp_path}:/run/s:ro", docker.image, "config", "--show-origin")
    rows = {line.partition(":")[0]: line.split() for line in shown.splitlines()}
    assert rows["priority"][1:] == ["warning", "#", "FALCO_PRIORITY"]
    assert rows["log_level"][1:] == ["<hidden>", "#", "FALCO_LOG_LEVEL_FILE", "(/run/s/level)"]
    assert rows["time_format_iso_8601"][1:] == ["true", "#", "image"]
    assert rows["buffered_outputs"][1:] == ["false", "#", "image"]


def test_a_mounted_file_goes_before_the_image_and_behind_the_environment(docker: Engine, tmp_path: Path) -> None:
    (tmp_path / "falco.yaml").write_text("json_output: true\ntime_format_iso_8601: false\nlog_level: error\n")
    mount = ("-v", f"{tmp_path}/falco.yaml:/etc/falco/falco.yaml:ro", "-e", "FALCO_LOG_LEVEL=alert")
    shown = docker("run", "--rm", *mount, docker.image, "config", "--show-origin")
    rows = {line.partition(":")[0]: line.split() for line in shown.splitlines()}
    assert rows["json_output"][1:] == ["true", "#", "/etc/falco/falco.yaml:1"]
    assert rows["time_format_iso_8601"][1:] == ["false", "#", "/etc/falco/falco.yaml:2"]
    assert rows["log_level"][1:] == ["alert", "#", "FALCO_LOG_LEVEL"]


def test_without_privileges_the_start_says_what_is_missing(docker: Engine) -> None:
    container = docker.start("--cap-drop", "ALL", *HOST)
    assert container.wait_end() == 1
    assert "BPF programs may not be loaded; to mend it: --privileged" in container.logs().splitlines()[-1]


def test_without_a_build_and_without_a_probe_of_before_it_ends_with_that_reason(docker: Engine) -> None:
    container = docker.start(*LEAST, *HOST, *QUIET, "-e", "SKIP_PROBE_BUILD=1")
    assert container.wait_end() == 1
    assert "SKIP_PROBE_BUILD is set, and /var/cache/falco holds no probe" in container.logs().splitlines()[-1]


def test_a_probe_that_cannot_be_built_ends_the_container_with_the_reason(docker: Engine) -> None:
    # Without BTF and headers there is nothing to build from; without the volume there is no probe of before.
    empty = CACHE / "empty"
    empty.mkdir(exist_ok=True)
    options = ("-v", f"{empty}:/sys/kernel/btf:ro", "-v", "/proc:/host/proc:ro")
    container = docker.start(*LEAST, *options, *QUIET)
    assert container.wait_end() == 1
    assert "the probe cannot be built for kernel" in container.logs().splitlines()[-1]


@pytest.mark.parametrize("user", ["0", "1234:1234"])
def test_a_replay_needs_no_privileges(docker: Engine, user: str) -> None:
    options = ("--read-only", "--cap-drop", "ALL", "--network", "none", "--user", user)
    command = [*docker.command, "run", "--rm", "-i", *options, docker.image, "-e", "-"]
    with (PROJECT / "tests/captures/made/six_behaviours.scap").open("rb") as capture:
        done = subprocess.run(command, stdin=capture, capture_output=True, text=True, check=True, timeout=60)
    alerts = [line for line in done.stdout.splitlines() if "+0000: " in line]
    assert len(alerts) >= 8 and "Events detected" in done.stdout


def test_the_image_is_small_and_holds_neither_tests_nor_build_tools(docker: Engine) -> None:
    size = int(docker("inspect", "--format", "{{.Size}}", docker.image))
    with timed(f"(image: {size / 1e6:.0f} MB)"):
        assert size < 330e6
    tools = "for name in gcc cc make pip pip3 apt perl; do command -v $name; done"
    script = f"{tools}; find / -xdev -path '*falco*tests*'; true"
    assert docker("run", "--rm", "--entrypoint", "sh", docker.image, "-c", script).strip() == ""
    labels = docker(
        "inspect", "--format", "{{json .Config.Labels}} {{.Config.StopSignal}} {{json .Config.Volumes}}", docker.image
    )
    for part in ("org.opencontainers.image.revision", "Apache-2.0", "SIGTERM", "/var/lib/falco", "/var/cache/falco"):
        assert part in labels


def test_only_audit_events_need_no_privileges_at_all(docker: Engine) -> None:
    options = ("--cap-drop", "ALL", "--read-only", "-e", "FALCO_DISABLE_SOURCE=syscall")
    container = docker.start(*options).wait_ready(30)
    until(lambda: container.healthy() == "healthy", 10, container.logs)
    with contextlib.suppress(AssertionError):
        container.stop()
    assert container.wait_end() == 0
