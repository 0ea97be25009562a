"""Names of images taken apart: [host[:port]/]name[:tag][@digest] (libsinsp split_container_image)."""

from __future__ import annotations

import re
from typing import NamedTuple

_BARE_ID = re.compile(r"(?:sha256:)?[0-9a-f]{12,64}")
LATEST = "latest"
"""The tag of a name without one."""


class ImageName(NamedTuple):
    """The parts of an image's name; what it does not have is empty."""

    repository: str
    tag: str
    digest: str


def split(name: str) -> ImageName:
    """The parts of a name."""
    rest, _, digest = name.partition("@")
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        return ImageName(rest, "", digest)  # The colon, if any, stands before a port.
    return ImageName(head, tag, digest)


def is_bare_id(name: str) -> bool:
    """Whether an image is only called by its id."""
    return _BARE_ID.fullmatch(name) is not None


def bare_id(text: str) -> str:
    """An image's id as container.image.id prints it."""
    return text.removeprefix("sha256:")
