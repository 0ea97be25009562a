"""What -p adds to the outputs of rules, and what %container.info stands for: text, before it is compiled."""

from __future__ import annotations

import dataclasses

CONTAINER_INFO = "%container.info"
_GENERIC = "%container.name (id=%container.id)"
_CONTAINER = "container=%container.name (id=%container.id)"
_KUBERNETES = "k8s.ns=%k8s.ns.name k8s.pod=%k8s.pod.name container=%container.id"
_MESOS = "task=%mesos.task.name container=%container.id"
_KNOWN = {
    "c": _CONTAINER,
    "container": _CONTAINER,
    "k": _KUBERNETES,
    "kubernetes": _KUBERNETES,
    "m": _MESOS,
    "mesos": _MESOS,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Extra:
    """The text of -p; replaces says that it stands in for %container.info, as that of -pc, -pk and -pm does."""

    text: str = ""
    replaces: bool = False


def parse(argument: str | None) -> Extra:
    """The extra that an argument of -p asks for; None: no -p was given."""
    if argument in _KNOWN:
        return Extra(_KNOWN[argument], replaces=True)
    return Extra(argument or "")


def apply(output: str, source: str, extra: Extra) -> str:
    """A rule's output with the extra in it. Only rules on system calls have any."""
    if source != "syscall":
        return output
    if CONTAINER_INFO in output:
        if extra.replaces:
            return output.replace(CONTAINER_INFO, extra.text)
        output = output.replace(CONTAINER_INFO, _GENERIC)
    return f"{output} {extra.text}" if extra.text else output
