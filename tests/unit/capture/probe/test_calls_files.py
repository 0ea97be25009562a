"""Calls on files."""

from __future__ import annotations

import pytest

from falco.capture.probe.calls_files import FILES, LOOKS, OPEN_FACTS

OPENS = [call for call in FILES if call.name in ("open", "creat", "openat", "openat2", "open_by_handle_at")]


@pytest.mark.parametrize("call", OPENS, ids=lambda call: call.name)
def test_an_open_tells_the_new_fd_its_device_and_its_inode(call):
    assert call.fd == "RET"
    assert set(OPEN_FACTS) <= set(call.exit)


def test_calls_that_only_look_tell_no_bases():
    """They come by the thousands, and no rule without -A sees them."""
    assert [call.name for call in LOOKS if call.bases] == []


def test_every_place_that_is_renamed_linked_or_mounted_has_two_ends():
    two = {call.name for call in FILES if {base.role for base in call.bases} == {"s", "t"}}
    assert two == {"rename", "renameat", "renameat2", "link", "linkat", "mount", "move_mount", "pivot_root"}


def test_calls_that_set_an_attribute_tell_it_and_the_file():
    those = [call for call in FILES if "setxattr" in call.name]
    assert [call.name for call in those] == ["setxattr", "lsetxattr", "fsetxattr", "setxattrat"]
    assert all("attribute(" in call.exit[-1] and (call.bases or call.fd) for call in those)
