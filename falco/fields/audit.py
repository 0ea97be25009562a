"""jevt.* and ka.*: the fields of the k8s_audit source, which read one JSON object per event.

All values are text. What the object lacks reads `<NA>`, a text like any other: 0.15 compares it, so `!=` is true of it.
What is not a string in the object reads as compact JSON with sorted keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

from falco.events.types import ParamType
from falco.fields import json_pointer
from falco.fields.audit_forms import (
    NO_VALUE,
    Form,
    any_privileged,
    as_text,
    has_name,
    host_path,
    image,
    item,
    of_each,
    query_parameter,
    repository,
)
from falco.fields.evt_time import iso8601, local_time
from falco.fields.field import Argument, Extractor, Field, Scope

if TYPE_CHECKING:
    from falco.events.event import Event


class AuditEvent(Protocol):
    """What these fields read: the parsed object, and its time in ns since 1970."""

    json: object
    ts: int


def _extractor(read: Callable[[AuditEvent], str]) -> Extractor:
    """An audit event takes the place of the system call event for rules of this source."""

    def extract(event: Event) -> object:
        return read(cast(AuditEvent, event))

    return extract


def _at(pointer: str, form: Form, key: str) -> Extractor:
    steps = json_pointer.parse(pointer)

    def read(event: AuditEvent) -> str:
        value = json_pointer.read(event.json, steps)
        return NO_VALUE if value is json_pointer.MISSING else form(value, key)

    return _extractor(read)


def _plain(name: str, pointer: str, doc: str) -> Field:
    return Field(name, ParamType.CHARBUF, doc, _at(pointer, as_text, ""), Scope.EVENT)


def _indexed(name: str, pointer: str, doc: str, form: Form) -> Field:
    def bind(argument: str | None) -> Extractor:
        if argument is not None and not (argument.isascii() and argument.isdigit()):
            raise ValueError(f"{name} requires a numeric index, not {argument}")
        return _at(pointer, form, argument or "")

    return Field(
        name,
        ParamType.CHARBUF,
        doc,
        bind(None),
        Scope.EVENT,
        argument=Argument.OPTIONAL,
        bind=bind,
    )


def _keyed(name: str, pointer: str, doc: str, form: Form) -> Field:
    def bind(argument: str | None) -> Extractor:
        if not argument:
            raise ValueError(f"{name} requires a key, such as {name}[key]")
        return _at(pointer, form, argument)

    return Field(name, ParamType.CHARBUF, doc, scope=Scope.EVENT, argument=Argument.REQUIRED, bind=bind)


def _bind_value(pointer: str | None) -> Extractor:
    if pointer is None:
        raise ValueError("jevt.value requires a JSON pointer, such as jevt.value[/verb]")
    return _at(pointer, as_text, "")


def _obj(event: AuditEvent) -> str:
    return as_text(event.json)


_TEXT, _EVENT = ParamType.CHARBUF, Scope.EVENT
_CONTAINERS, _RULES = "/requestObject/spec/containers", "/requestObject/rules"
FIELDS = (
    Field(
        "jevt.time",
        _TEXT,
        "Local time of day of the event, with nanoseconds.",
        _extractor(lambda event: local_time(event.ts)),
        _EVENT,
    ),
    Field(
        "jevt.time.iso8601",
        _TEXT,
        "Date and time of the event in UTC as ISO 8601.",
        _extractor(lambda event: iso8601(event.ts)),
        _EVENT,
    ),
    Field(
        "jevt.rawtime",
        _TEXT,
        "Time of the event in nanoseconds since 1970.",
        _extractor(lambda event: str(event.ts)),
        _EVENT,
    ),
    Field(
        "jevt.value",
        _TEXT,
        "The value at a JSON pointer (jevt.value[/user/username]).",
        scope=_EVENT,
        argument=Argument.REQUIRED,
        bind=_bind_value,
    ),
    Field("jevt.obj", _TEXT, "The whole event as JSON.", _extractor(_obj), _EVENT),
    _plain("ka.auditid", "/auditID", "Id of the audit event."),
    _plain("ka.stage", "/stage", "Stage of the request, such as ResponseComplete."),
    _plain("ka.auth.decision", "/annotations/authorization.k8s.io~1decision", "Whether the request was allowed."),
    _plain("ka.auth.reason", "/annotations/authorization.k8s.io~1reason", "Why the request was allowed or not."),
    _plain("ka.user.name", "/user/username", "Who made the request."),
    _plain("ka.user.groups", "/user/groups", "Groups of who made the request, as JSON."),
    _plain("ka.impuser.name", "/impersonatedUser/username", "Whom the request impersonates."),
    _plain("ka.verb", "/verb", "What is asked for: get, list, create, delete and so on."),
    _plain("ka.uri", "/requestURI", "URI of the request."),
    _keyed(
        "ka.uri.param", "/requestURI", "One query parameter of the URI, decoded (ka.uri.param[key]).", query_parameter
    ),
    _plain("ka.target.name", "/objectRef/name", "Name of the object asked for."),
    _plain("ka.target.namespace", "/objectRef/namespace", "Namespace of the object asked for."),
    _plain("ka.target.resource", "/objectRef/resource", "Kind of the object asked for, such as pods."),
    _plain("ka.target.subresource", "/objectRef/subresource", "Part of the object asked for, such as exec."),
    _plain("ka.req.binding.subjects", "/requestObject/subjects", "Who is bound by a role binding, as JSON."),
    _keyed(
        "ka.req.binding.subject.has_name",
        "/requestObject/subjects",
        "Whether a role binding binds a subject of this name (true or false).",
        has_name,
    ),
    _plain("ka.req.binding.role", "/requestObject/roleRef/name", "Role that a role binding gives."),
    _plain("ka.req.configmap.name", "/objectRef/name", "Name of the configmap."),
    _plain("ka.req.configmap.obj", "/requestObject/data", "Contents of the configmap, as JSON."),
    _indexed(
        "ka.req.container.image", _CONTAINERS, "Image of one container of the pod, the first without index.", image
    ),
    _indexed(
        "ka.req.container.image.repository",
        _CONTAINERS,
        "Image without tag and digest of one container of the pod, the first without index.",
        repository,
    ),
    _plain(
        "ka.req.container.host_network", "/requestObject/spec/hostNetwork", "Whether the pod uses the host's network."
    ),
    _indexed(
        "ka.req.container.privileged",
        _CONTAINERS,
        "Whether one container of the pod is privileged, any of them without index (true or false).",
        any_privileged,
    ),
    _plain("ka.req.role.rules", _RULES, "Rules of a role, as JSON."),
    _indexed(
        "ka.req.role.rules.apiGroups", _RULES, "API groups of one rule, of all without index.", of_each("apiGroups")
    ),
    _indexed(
        "ka.req.role.rules.nonResourceURLs",
        _RULES,
        "URLs besides resources of one rule, of all without index.",
        of_each("nonResourceURLs"),
    ),
    _indexed("ka.req.role.rules.verbs", _RULES, "Verbs of one rule, of all without index.", of_each("verbs")),
    _indexed(
        "ka.req.role.rules.resources", _RULES, "Resources of one rule, of all without index.", of_each("resources")
    ),
    _plain("ka.req.service.type", "/requestObject/spec/type", "Type of a service, such as NodePort."),
    _indexed("ka.req.service.ports", "/requestObject/spec/ports", "One port of a service, all without index.", item),
    _keyed(
        "ka.req.volume.hostpath",
        "/requestObject/spec/volumes",
        "Whether a volume mounts a path of the host that fits a glob (true or false).",
        host_path,
    ),
    _plain("ka.resp.name", "/responseObject/metadata/name", "Name of the object in the response."),
    _plain("ka.response.code", "/responseStatus/code", "Status code of the response."),
    _plain("ka.response.reason", "/responseStatus/reason", "Why the request failed."),
)
