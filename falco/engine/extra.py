"""What -p adds to the outputs of rules, and what %container.info stands for: text, before it is compiled."""

from __future__ import annotations

import dataclasses

from falco.filter.source import Text, verbatim

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

    @property
    def written(self) -> Text:
        """The text as a piece of outputs."""
        return verbatim(self.text, "-p")


def parse(argument: str | None) -> Extra:
    """The extra that an argument of -p asks for; None: no -p was given."""
    if argument in _KNOWN:
        return Extra(_KNOWN[argument], replaces=True)
    return Extra(argument or "")


def apply(output: Text, source: str, extra: Extra) -> Text:
    """A rule's output with the extra in it. Only rules on system calls have any."""
    if source != "syscall" or not (extra.text or CONTAINER_INFO in output.text):
        return output
    whole = Text()
    replaces = extra.replaces and CONTAINER_INFO in output.text
    _replace_info(output, extra if replaces else Extra(_GENERIC), whole)
    if extra.text and not replaces:
        whole.add_blank()
        whole.add(extra.written, 0, len(extra.text))
    return whole.finish()


def _replace_info(output: Text, info: Extra, whole: Text) -> None:
    done = 0
    while (at := output.text.find(CONTAINER_INFO, done)) >= 0:
        whole.add(output, done, at)
        whole.add(info.written, 0, len(info.text))
        done = at + len(CONTAINER_INFO)
    whole.add(output, done, len(output.text))
