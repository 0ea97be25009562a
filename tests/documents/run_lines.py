"""README's lines that run the container, as words, and what the ways to run it grant."""

from __future__ import annotations

import argparse
import dataclasses
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.documents.markdown import PROJECT, README, commands

RUN = "docker run -d --name falco "
REPLAY = "docker run --rm -i falco "
AUDIT = "docker run -d --name falco-audit "
LEAST = "--cap-drop ALL "
SETTINGS = "-e FALCO_JSON_OUTPUT"
BUILDER_IMAGE = "docker build -t falco-builder "
BUILDER = 'docker run --rm -v "$PWD:'
PACKAGES = "build/packaging/build "
INSTALL = "apt install "
"""Beginnings of README's lines that tests/appliance runs."""
_MOUNT = ("-v", "--volume")


def line(beginning: str) -> str:
    """README's command that begins so. ValueError unless there is exactly one."""
    (found,) = [text for _, text in commands(README) if text.startswith(beginning)]
    return found


def privileged() -> list[str]:
    """The options of README's privileged line."""
    *words, image = shlex.split(line(RUN).removeprefix(RUN))
    assert image == "falco"
    return words


def least() -> list[str]:
    """The same with what README puts in place of `--privileged`."""
    words = privileged()
    place = words.index("--privileged")
    return [*words[:place], *shlex.split(line(LEAST)), *words[place + 1 :]]


def puppet(name: str) -> list[str]:
    """The arguments of a set of the Puppet module: `privileged` or `least`."""
    text = (PROJECT / "puppet/functions/run_arguments.pp").read_text(encoding="utf-8")
    host = re.search(r"\$host = \[(.*?)\]", text, re.DOTALL)
    own = re.search(rf"'{name}' +=> \[(.*?)\] \+ \$host", text, re.DOTALL)
    assert host and own
    return re.findall(r"'([^']+)'", own[1]) + re.findall(r"'([^']+)'", host[1])


def mounts(words: Sequence[str]) -> tuple[str, ...]:
    """What `-v` gives, in order."""
    return tuple(words[place + 1] for place, word in enumerate(words) if word in _MOUNT)


def without_mounts(words: Sequence[str]) -> tuple[str, ...]:
    """The words but for `-v` and what it gives."""
    return tuple(
        word for place, word in enumerate(words) if word not in _MOUNT and words[max(place - 1, 0)] not in _MOUNT
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Grant:
    """What a container may do. In mounts only those below /host, in the form of `-v`."""

    dropped: frozenset[str]
    capabilities: frozenset[str]
    security: frozenset[str]
    read_only: bool
    host_processes: bool
    mounts: frozenset[str]


def of_words(words: Iterable[str]) -> Grant:
    """What options of `docker run` grant. SystemExit on one that is not known here."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("--cap-drop", "--cap-add", "--security-opt"):
        parser.add_argument(name, action="append", default=[])
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("--pid")
    parser.add_argument(*_MOUNT, action="append", default=[])
    given = parser.parse_args(list(words))
    return Grant(
        frozenset(given.cap_drop), frozenset(given.cap_add), frozenset(given.security_opt), given.read_only,
        given.pid == "host", _below_host(given.volume),
    )  # fmt: skip


def of_compose(service: Mapping[str, Any]) -> Grant:
    """What a service of a compose file is granted."""
    return Grant(
        frozenset(service["cap_drop"]), frozenset(service["cap_add"]), frozenset(service["security_opt"]),
        service["read_only"], service["pid"] == "host", _below_host(service["volumes"]),
    )  # fmt: skip


def of_pod(template: Mapping[str, Any]) -> Grant:
    """What a pod with one container is granted, in docker's words."""
    (container,) = template["spec"]["containers"]
    context = container["securityContext"]
    places = {volume["name"]: volume.get("hostPath", {}).get("path", "") for volume in template["spec"]["volumes"]}
    profile = template["metadata"]["annotations"][f"container.apparmor.security.beta.kubernetes.io/{container['name']}"]
    return Grant(
        frozenset(context["capabilities"]["drop"]), frozenset(context["capabilities"]["add"]),
        frozenset({f"apparmor={profile}"} | (set() if context["allowPrivilegeEscalation"] else {"no-new-privileges"})),
        context["readOnlyRootFilesystem"], template["spec"]["hostPID"],
        _below_host(
            f"{places[one['name']]}:{one['mountPath']}" + ":ro" * one.get("readOnly", False)
            for one in container["volumeMounts"]
        ),
    )  # fmt: skip


def _below_host(given: Iterable[str]) -> frozenset[str]:
    return frozenset(one for one in given if one.split(":")[1].startswith("/host/"))
