"""Every setting of falco.yaml, declared once: name, type, default, meaning. The frozen dataclasses here are both the
declaration that reading checks against and the result that the program holds.

A default is what 0.15 takes for a key that the file leaves out; without_file is what holds where there is no file at
all (0.15 then prints to standard output and logs to standard error).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from falco.priority import Priority

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """How a written scalar becomes a value. parse raises ValueError for text that is none of expected.

    items makes the setting a list; a lone scalar then counts as a list of one, as in 0.15.
    """

    expected: tuple[str, ...]
    parse: Callable[[str], object]
    items: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """What reading needs to know of a dataclass field besides its name and default."""

    kind: Kind
    doc: str
    without_file: object


def setting(kind: Kind, default: T, doc: str, without_file: T | None = None) -> T:
    """Declare a setting; its value where no file exists is without_file, or else default."""
    declared = Setting(kind, doc, default if without_file is None else without_file)
    field: T = dataclasses.field(default=default, metadata={"setting": declared})
    return field


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in ("true", "yes", "on", "y"):
        return True
    if word in ("false", "no", "off", "n"):
        return False
    raise ValueError(text)


def _natural(text: str) -> int:
    number = int(text, 0) if text.lower().startswith("0x") else int(text, 10)
    if number < 0 or "_" in text:
        raise ValueError(text)
    return number


def _port(text: str) -> int:
    number = _natural(text)
    if not 0 < number < 65536:
        raise ValueError(text)
    return number


def _amount(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf") or "_" in text:
        raise ValueError(text)
    return number


def _severity(text: str) -> Priority:
    # 0.15 documents "info" for both settings, and takes it for one and "informational" for the other.
    word = "informational" if text.lower() == "info" else text.lower()
    for priority in Priority:
        if word == priority.name.lower():
            return priority
    raise ValueError(text)


def _word_of(*words: str) -> Kind:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return Kind(words, parse, items=True)


BOOLEAN = Kind(("true", "false"), _boolean)
NATURAL = Kind(("a whole number, 0 or more",), _natural)
PORT = Kind(("a port number, 1 to 65535",), _port)
AMOUNT = Kind(("a number, 0 or more",), _amount)
TEXT = Kind(("text",), str)
TEXTS = Kind(("a path or a list of paths",), str, items=True)
SEVERITY = Kind(tuple(p.name.lower() for p in Priority), _severity)
DROP_ACTIONS = _word_of("ignore", "log", "alert", "exit")


@dataclasses.dataclass(frozen=True, slots=True)
class SyscallEventDrops:
    """What happens when system calls were lost between kernel and Falco."""

    actions: tuple[str, ...] = setting(DROP_ACTIONS, (), "what to do about drops; an empty list ignores them")
    # 0.15's code falls back to 0.3333 where its documentation and its falco.yaml say 0.03333; the documented one holds.
    rate: float = setting(AMOUNT, 0.03333, "actions per second that are gained")
    max_burst: float = setting(AMOUNT, 10.0, "actions that can be saved up")
    simulate_drops: bool = setting(BOOLEAN, False, "for tests: act as if one event were lost every second")


@dataclasses.dataclass(frozen=True, slots=True)
class Throttle:
    """The token bucket that limits alerts."""

    rate: float = setting(AMOUNT, 1.0, "alerts per second that are gained")
    max_burst: int = setting(NATURAL, 1000, "alerts that can be saved up")


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
    listen_port: int = setting(PORT, 8765, "port to listen on")
    k8s_audit_endpoint: str = setting(TEXT, "/k8s_audit", "path that audit events are posted to")
    ssl_enabled: bool = setting(BOOLEAN, False, "serve TLS")
    ssl_certificate: str = setting(TEXT, "/etc/falco/falco.pem", "file with both certificate and key")


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
class Config:
    """The whole of falco.yaml."""

    rules_file: tuple[str, ...] = setting(TEXTS, (), "rules files and directories, loaded in this order")
    time_format_iso_8601: bool = setting(BOOLEAN, False, "times in UTC and ISO 8601 instead of local time")
    json_output: bool = setting(BOOLEAN, False, "alerts as JSON instead of text")
    json_include_output_property: bool = setting(BOOLEAN, True, "JSON alerts carry the text of the alert too")
    log_stderr: bool = setting(BOOLEAN, False, "Falco's own log to standard error", without_file=True)
    log_syslog: bool = setting(BOOLEAN, True, "Falco's own log to syslog", without_file=False)
    log_level: Priority = setting(SEVERITY, Priority.INFORMATIONAL, "least severe message of the log")  # noqa: RUF009
    priority: Priority = setting(SEVERITY, Priority.DEBUG, "least severe rules to load")  # noqa: RUF009
    buffered_outputs: bool = setting(BOOLEAN, False, "collect alerts in a buffer before they are written")
    syscall_event_drops: SyscallEventDrops = SyscallEventDrops()
    outputs: Throttle = Throttle()
    syslog_output: SyslogOutput = SyslogOutput()
    file_output: FileOutput = FileOutput()
    stdout_output: StdoutOutput = StdoutOutput()
    stderr_output: StderrOutput = StderrOutput()
    webserver: Webserver = Webserver()
    program_output: ProgramOutput = ProgramOutput()
    http_output: HttpOutput = HttpOutput()


def settings(section: type[DataclassInstance]) -> dict[str, Setting | type[DataclassInstance]]:
    """The keys of a section: a Setting each, or the class of the section below."""
    declared: dict[str, Setting | type[DataclassInstance]] = {}
    for field in dataclasses.fields(section):
        declared[field.name] = field.metadata.get("setting") or type(field.default)  # type: ignore[assignment]
    return declared
