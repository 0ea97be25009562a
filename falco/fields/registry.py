"""The fields of both event sources: which modules declare them, in which order they are listed.

data/list_order.txt names the fields of 0.15 in the order of its --list, one a line. Its sha256 is the checksum that
0.15 was built with (FALCO_FIELDS_CHECKSUM in falco_engine_version.h), so it cannot be changed by mistake. Fields that
came later follow in the order of their declaration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from falco.fields import (
    audit,
    container,
    container_mounts,
    evt,
    evt_marks,
    fd,
    fd_net,
    fdlist,
    fs,
    fs_capabilities,
    fs_written,
    k8s,
    mesos,
    proc,
    proc_ancestors,
    proc_resources,
    span,
    syslog,
    thread,
    user,
)
from falco.fields.fd_dns import Resolver, dns_fields, system_resolver
from falco.fields.field import Field, Registry

LIST_ORDER = tuple((Path(__file__).parent / "data" / "list_order.txt").read_text(encoding="ascii").split())
"""The 288 names that `falco --list -N` of 0.15 prints."""


def _listed(fields: Iterable[Field]) -> Iterator[Field]:
    """The fields in 0.15's order, the later ones after them; ValueError if 0.15 knows or lacks one unexpectedly."""
    position = {name: index for index, name in enumerate(LIST_ORDER)}
    old: list[Field] = []
    new: list[Field] = []
    for field in fields:
        if field.later == (field.name in position):
            raise ValueError(f"{field.name}: later fields are those that data/list_order.txt does not name")
        (new if field.later else old).append(field)
    yield from sorted(old, key=lambda field: position[field.name])
    yield from new


def syscall_fields(resolver: Resolver = system_resolver) -> Registry:
    """The fields of system call events; resolver looks up the host names that conditions on fd.*ip.name give."""
    fields = (
        *fd.FIELDS,
        *fd_net.FIELDS,
        *dns_fields(resolver),
        *proc.FIELDS,
        *proc_ancestors.FIELDS,
        *proc_resources.FIELDS,
        *thread.FIELDS,
        *evt.FIELDS,
        *evt_marks.FIELDS,
        *user.FIELDS,
        *syslog.FIELDS,
        *container.FIELDS,
        *container_mounts.FIELDS,
        *fdlist.FIELDS,
        *k8s.FIELDS,
        *mesos.FIELDS,
        *span.FIELDS,
        *fs.FIELDS,
        *fs_written.FIELDS,
        *fs_capabilities.FIELDS,
    )
    return Registry("syscall", _listed(fields))


SYSCALL_FIELDS = syscall_fields()
AUDIT_FIELDS = Registry("k8s_audit", _listed(audit.FIELDS))
REGISTRIES = {registry.source: registry for registry in (SYSCALL_FIELDS, AUDIT_FIELDS)}
"""By the name that a rule's `source` gives."""


def list_names(later: bool = False) -> tuple[str, ...]:
    """The names of all sources' fields in listing order; without later exactly 0.15's."""
    return tuple(field.name for registry in REGISTRIES.values() for field in registry if later or not field.later)
