"""Every setting of falco.yaml, declared once: name, type, default, meaning. The frozen dataclasses here are both the
declaration that reading checks against and the result that the program holds.

A default is what 0.15 takes for a key that the file leaves out; without_file is what holds where there is no file at
all (0.15 then prints to standard output and logs to standard error).
"""

from __future__ import annotations

import dataclasses

from falco.config_forwarders import Forwarders
from falco.config_values import AMOUNT, BOOLEAN, NATURAL, PATHS, PORT, SEVERITY, TEXT, setting, word_of
from falco.priority import Priority

DROP_ACTIONS = word_of("ignore", "log", "alert", "exit", items=True)


@dataclasses.dataclass(frozen=True, slots=True)
class SyscallEventDrops:
    """What happens when system calls were lost between kernel and Falco."""

    actions: tuple[str, ...] = setting(DROP_ACTIONS, (), "what to do about drops; an empty list ignores them")
    # 0.15's code falls back to 0.3333 where its documentation and its falco.yaml say 0.03333; the documented one holds.
    rate: float = setting(AMOUNT, 0.03333, "actions per second that are gained")
    max_burst: float = setting(AMOUNT, 10.0, "actions that can be saved up")
    simulate_drops: bool = setting(BOOLEAN, False, "for tests: act as if one event were lost every second")


@dataclasses.dataclass(frozen=True, slots=True)
class Outputs:
    """What holds for all outputs of this process: the token bucket that limits alerts, and their queues."""

    rate: float = setting(AMOUNT, 1.0, "alerts per second that are gained")
    max_burst: int = setting(NATURAL, 1000, "alerts that can be saved up")
    queue_capacity: int = setting(NATURAL, 10_000, "alerts that may wait for each output")
    delivery_timeout: float = setting(AMOUNT, 60.0, "seconds without progress after which a waiting replay gives up")


@dataclasses.dataclass(frozen=True, slots=True)
class SyslogOutput:
    """Alerts to syslog."""

    enabled: bool = setting(BOOLEAN, False, "send alerts to syslog")


@dataclasses.dataclass(frozen=True, slots=True)
class FileOutput:
    """Alerts appended to a file."""

    enabled: bool = setting(BOOLEAN, False, "append alerts to a file")
    keep_alive: bool = setting(BOOLEAN, False, "keep the file open instead of opening it for each alert")
    filename: str = setting(TEXT, "", "the file")


@dataclasses.dataclass(frozen=True, slots=True)
class StdoutOutput:
    """Alerts to standard output."""

    enabled: bool = setting(BOOLEAN, False, "print alerts on standard output", without_file=True)


@dataclasses.dataclass(frozen=True, slots=True)
class StderrOutput:
    """Alerts to standard error; 0.15 has no such output."""

    enabled: bool = setting(BOOLEAN, False, "print alerts on standard error")


@dataclasses.dataclass(frozen=True, slots=True)
class Webserver:
    """The web server that takes Kubernetes audit events."""

    enabled: bool = setting(BOOLEAN, False, "listen for Kubernetes audit events")
    listen_address: str = setting(TEXT, "0.0.0.0", "address to listen on; :: is all, of IPv6 too")
    listen_port: int = setting(PORT, 8765, "port to listen on")
    k8s_audit_endpoint: str = setting(TEXT, "/k8s_audit", "path that audit events are posted to")
    ssl_enabled: bool = setting(BOOLEAN, False, "serve TLS")
    ssl_certificate: str = setting(TEXT, "/etc/falco/falco.pem", "file with both certificate and key")
    ssl_client_ca: str = setting(TEXT, "", "file with authorities: only clients with their certificates may post")
    queue_mb: int = setting(NATURAL, 128, "MB of memory for events that wait (at least 1); beyond it posts get 429")


@dataclasses.dataclass(frozen=True, slots=True)
class ProgramOutput:
    """Alerts to a program's standard input."""

    enabled: bool = setting(BOOLEAN, False, "hand alerts to a program")
    keep_alive: bool = setting(BOOLEAN, False, "keep the program running instead of starting it for each alert")
    program: str = setting(TEXT, "", "the command, run by the shell")


@dataclasses.dataclass(frozen=True, slots=True)
class HttpOutput:
    """Alerts posted to a URL."""

    enabled: bool = setting(BOOLEAN, False, "post alerts to a URL")
    url: str = setting(TEXT, "", "the URL")


@dataclasses.dataclass(frozen=True, slots=True)
class AlertStore:
    """The alerts kept on disk, for `falco alerts` and for the forwarders. 0.15 has no such thing."""

    enabled: str = setting(word_of("auto", "true", "false"), "auto", "keep alerts; auto: in live runs, not with -e")
    path: str = setting(TEXT, "/var/lib/falco/alerts.db", "the database; its directory is made if it is missing")
    keep_days: float = setting(AMOUNT, 7.0, "days after which an alert is removed; 0: never")
    max_size_mb: int = setting(NATURAL, 512, "size (MB) over which the oldest alerts that nobody waits for are removed")
    hard_limit_mb: int = setting(
        NATURAL, 1024, "size (MB) over which the oldest are removed even if one waits for them"
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Containers:
    """Where container engines are asked about containers, as paths of the host. 0.15 has fixed ones."""

    docker_sockets: tuple[str, ...] = setting(PATHS, ("/run/docker.sock", "/var/run/docker.sock"), "sockets of docker")
    podman_sockets: tuple[str, ...] = setting(
        PATHS,
        ("/run/podman/podman.sock", "/run/user/*/podman/podman.sock"),
        "sockets of podman, where * stands for any name",
    )
    cri_sockets: tuple[str, ...] = setting(
        PATHS,
        ("/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/k3s/containerd/containerd.sock"),
        "sockets of CRI runtimes; --cri overrides them",
    )
    wait_ms: int = setting(NATURAL, 500, "milliseconds that an event waits for what its container's engine answers")


@dataclasses.dataclass(frozen=True, slots=True)
class Config:
    """The whole of falco.yaml."""

    rules_file: tuple[str, ...] = setting(PATHS, (), "rules files and directories, loaded in this order")
    time_format_iso_8601: bool = setting(BOOLEAN, False, "times in UTC and ISO 8601 instead of local time")
    json_output: bool = setting(BOOLEAN, False, "alerts as JSON instead of text")
    json_include_output_property: bool = setting(BOOLEAN, True, "JSON alerts carry the text of the alert too")
    log_stderr: bool = setting(BOOLEAN, False, "Falco's own log to standard error", without_file=True)
    log_syslog: bool = setting(BOOLEAN, True, "Falco's own log to syslog", without_file=False)
    log_level: Priority = setting(SEVERITY, Priority.INFORMATIONAL, "least severe message of the log")  # noqa: RUF009
    priority: Priority = setting(SEVERITY, Priority.DEBUG, "least severe rules to load")  # noqa: RUF009
    buffered_outputs: bool = setting(BOOLEAN, False, "collect alerts in a buffer before they are written")
    syscall_event_drops: SyscallEventDrops = SyscallEventDrops()
    syscall_buf_mb: int = setting(
        NATURAL, 0, "MB of the buffer between kernel and Falco, made a power of two; 0 is by the machine's memory"
    )
    scheduling: str = setting(
        word_of("realtime", "raised", "normal"),
        "realtime",
        "whether the thread that takes events goes before all ordinary programs, has a lower nice value or neither",
    )
    health_file: str = setting(TEXT, "", "a file that says every second whether Falco lives and sees this host")
    containers: Containers = Containers()
    outputs: Outputs = Outputs()
    syslog_output: SyslogOutput = SyslogOutput()
    file_output: FileOutput = FileOutput()
    stdout_output: StdoutOutput = StdoutOutput()
    stderr_output: StderrOutput = StderrOutput()
    webserver: Webserver = Webserver()
    program_output: ProgramOutput = ProgramOutput()
    http_output: HttpOutput = HttpOutput()
    alert_store: AlertStore = AlertStore()
    forwarders: Forwarders = Forwarders()  # noqa: RUF009
