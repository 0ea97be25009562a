"""Users and groups as the capture (or the host's files) list them."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class User:
    """An account; home and shell may be empty."""

    uid: int
    gid: int
    name: str
    home: str
    shell: str


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """A group."""

    gid: int
    name: str
