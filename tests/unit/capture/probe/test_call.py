"""What rows of the table of calls are made of."""

from __future__ import annotations

from falco.capture.probe.call import CWD, Base, attribute, generic, own_path, path


def test_a_path_resolves_from_its_directory_fd_which_is_32_bits_wide():
    assert path("s", "A0", "A1") == Base("s", "(s32)A0", "A1")


def test_the_working_directory_is_no_argument():
    assert own_path("A0") == (Base("n", CWD, "A0"),)


def test_a_generic_call_has_no_event_of_its_own():
    call = generic("truncate", 76, (92,), "", path("n", CWD, "A0"))
    assert (call.event, call.enter, call.exit) == ("", call.enter, call.enter)
    assert call.bases[0].role == "n"


def test_an_attribute_comes_behind_what_every_generic_event_has():
    call = attribute("fsetxattr", 190, (228,), "A1, A2, A3", "A0")
    assert call.exit[:-1] == call.enter
    assert call.exit[-1] == "attribute(r, c, A1, A2, A3)"
