"""Whether a process is a container's health check (sinsp_container_manager::identify_healthcheck)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.state.tables import Tables
    from falco.state.threads import ThreadInfo


def mark(tables: Tables, thread: ThreadInfo) -> None:
    """Mark a thread that is its container's health check, or a child of one.

    The check itself is run from outside: it has the check's command line, and none of its ancestors is the
    container's first process. Once marked, a thread stays so.
    """
    parent = tables.threads.get(thread.ptid)
    if parent is not None and parent.healthcheck:
        thread.healthcheck = True
        return
    container = tables.containers.get(thread.container_id) if thread.container_id else None
    if container is None or not container.healthcheck or thread.vpid == 1:
        return
    exe, *args = container.healthcheck
    if thread.exe == exe and thread.args == args:
        inside = any(ancestor.vpid == 1 and ancestor.container_id for ancestor in tables.parents(thread))
        thread.healthcheck = not inside or thread.healthcheck


def command_of(declared: object) -> tuple[str, ...] | None:
    """Argv of a health check as docker declares it ({"Test": [...]}), () where the image's is switched off, else None.

    0.15 takes the quotes off the words of a CMD only (sinsp_container_info::parse_healthcheck).
    """
    test = declared.get("Test") if isinstance(declared, dict) else None
    if not isinstance(test, list) or not test:
        return None
    if test[0] == "NONE":
        return ()
    if test[0] == "CMD":
        return tuple(_unquoted(str(word)) for word in test[1:]) or None
    if test[0] == "CMD-SHELL" and len(test) > 1:
        return ("/bin/sh", "-c", str(test[1]))
    return None


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) >= 2 and word[0] == word[-1] and word[0] in "\"'" else word
