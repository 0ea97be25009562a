"""How values inside an audit event become the text of ka.* fields (0.15's k8s_audit_filter_check).

A form takes the value that the field's JSON pointer found and the written index or key ("" for none). Whatever does
not have the expected shape gives the text for no value, as the event comes from outside.
"""

from __future__ import annotations

import fnmatch
import json
import urllib.parse
from collections.abc import Callable

from falco.fields import json_pointer

Form = Callable[[object, str], str]
NO_VALUE = "<NA>"
_dump = json.JSONEncoder(separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode
_NOTHING = "N/A"
"""How 0.15 spells a property that one element of a list lacks."""
_PRIVILEGED = ("securityContext", "privileged")
_HOST_PATH = ("hostPath", "path")


def as_text(value: object, _key: str = "") -> str:
    """A string as it is, everything else as compact JSON."""
    if isinstance(value, str):
        return value
    return _dump(value)


def _elements(value: object) -> list[object]:
    return value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []


def _element(value: object, key: str) -> object:
    return json_pointer.read(value, (str(int(key[:9] or "0")),))


def item(value: object, key: str) -> str:
    """The element with the index, or all."""
    if not key:
        return as_text(value)
    found = _element(value, key)
    return NO_VALUE if found is json_pointer.MISSING else as_text(found)


def image(value: object, key: str) -> str:
    """The image of the container with the index, the first without one."""
    found = json_pointer.read(_element(value, key), ("image",))
    return found if isinstance(found, str) else NO_VALUE


def repository(value: object, key: str) -> str:
    """The image without tag and digest: host, port and path remain."""
    name = image(value, key).partition("@")[0]
    directory, slash, last = name.rpartition("/")
    return directory + slash + last.partition(":")[0]


def any_privileged(value: object, key: str) -> str:
    """Whether the container with the index is privileged; without one, whether any is."""
    containers = [_element(value, key)] if key else _elements(value)
    return _bool(any(json_pointer.read(container, _PRIVILEGED) is True for container in containers))


def has_name(value: object, key: str) -> str:
    """Whether any subject has this name."""
    return _bool(any(json_pointer.read(subject, ("name",)) == key for subject in _elements(value)))


def host_path(value: object, key: str) -> str:
    """Whether any volume mounts a path of the host that fits the glob; `*` matches slashes too."""
    paths = (json_pointer.read(volume, _HOST_PATH) for volume in _elements(value))
    return _bool(any(isinstance(path, str) and fnmatch.fnmatchcase(path, key) for path in paths))


def of_each(name: str) -> Form:
    """A form that gives one property of the element with the index; without one, of all, separated by spaces."""

    def form(value: object, key: str) -> str:
        elements = [_element(value, key)] if key else _elements(value)
        found = [json_pointer.read(element, (name,)) for element in elements]
        return " ".join(_NOTHING if part is json_pointer.MISSING else as_text(part) for part in found)

    return form


def query_parameter(value: object, key: str) -> str:
    """A parameter of a URI's query, decoded. 0.15 wants one `?` in the URI and one `=` in each parameter."""
    parts = value.split("?") if isinstance(value, str) else []
    if len(parts) != 2:
        return NO_VALUE
    for part in parts[1].split("&"):
        pair = part.split("=")
        if len(pair) == 2 and urllib.parse.unquote_plus(pair[0]) == key:
            return urllib.parse.unquote(pair[1])
    return NO_VALUE


def _bool(value: bool) -> str:
    return "true" if value else "false"
