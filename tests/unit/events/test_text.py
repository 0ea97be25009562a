from __future__ import annotations

import pytest

from falco.events import text
from falco.events.flags import FLAG_TABLES
from falco.events.types import Format, ParamType


def test_control_characters_are_removed_and_other_scripts_stay():
    assert text.printable("a\nb\x1b[31m\x7f\u2028ü文") == "ab[31mü文"


def test_bytes_read_as_text_with_dots():
    assert text.dots(b"he\0l\n\xc3\xa9~") == "he.l...~"


@pytest.mark.parametrize(("value", "name"), [(-2, "ENOENT"), (-115, "EINPROGRESS"), (0, ""), (2, ""), (-9999, "")])
def test_negative_results_have_the_name_of_their_error(value, name):
    assert text.errno_name(value) == name


def test_signal_masks_are_lists_of_names():
    assert text.signal_set(0b1000_0000_0000_0011) == "SIGHUP SIGINT SIGSTKFLT"
    assert text.signal_set(0) == ""


@pytest.mark.parametrize(
    ("kind", "form", "raw", "shown"),
    [
        (ParamType.UINT64, Format.DEC, b"\xff" * 8, "-1"),
        (ParamType.UINT32, Format.DEC, b"\xff" * 4, "-1"),
        (ParamType.UINT16, Format.DEC, b"\xff" * 2, "65535"),
        (ParamType.UINT8, Format.DEC, b"\xff", "255"),
        (ParamType.INT32, Format.DEC, b"\xfe\xff\xff\xff", "-2"),
        (ParamType.INT32, Format.HEX, b"\xfe\xff\xff\xff", "FFFFFFFE"),
        (ParamType.UINT64, Format.HEX, (0x1CB67C4).to_bytes(8, "little"), "1CB67C4"),
        (ParamType.UINT32, Format.OCT, (0o644).to_bytes(4, "little"), "0644"),
        (ParamType.UINT32, Format.OCT, bytes(4), "0"),
    ],
)
def test_integers_print_in_their_format(kind, form, raw, shown):
    assert text.integer(kind, form)(raw) == shown


def test_flags_are_named_in_table_order_and_enumerations_only_as_a_whole():
    names = text.flags(ParamType.FLAGS32, FLAG_TABLES["file_flags"])
    assert names(0x41) == "O_NONBLOCK|O_RDONLY"
    assert names(0) == "O_NONE"
    table = (("AF_LOCAL", 1), ("AF_UNIX", 1), ("AF_INET", 2))
    assert text.flags(ParamType.ENUMFLAGS8, table)(1) == "AF_LOCAL|AF_UNIX"
    assert text.flags(ParamType.ENUMFLAGS8, table)(3) == ""
    assert text.flags(ParamType.FLAGS8, None)(3) == ""


def test_flag_names_survive_more_values_than_are_remembered():
    names = text.flags(ParamType.FLAGS32, (("A", 1), ("B", 2)))
    assert [names(value) for value in range(10_000)][-1] == "A|B"
    assert names(1) == "A"


@pytest.mark.parametrize(
    ("ns", "shown"),
    [
        (0, "0ns"),
        (999, "999ns"),
        (1_239, "1.23us"),
        (16_174, "16us"),
        (4_145_000, "4.14ms"),
        (45_000_000, "45ms"),
        (1_234_567_890, "1.23s"),
        (61_000_000_000, "1:1"),
        (3_600_000_000_000, "01:00:00"),
    ],
)
def test_durations_take_the_unit_that_fits(ns, shown):
    assert text.duration(ns) == shown


def test_seconds_have_six_significant_digits():
    assert [text.seconds(ns) for ns in (250_000_000, 1_000, 1_234_567_890_123)] == ["0.25s", "1e-06s", "1234.57s"]
