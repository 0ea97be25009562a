"""Supersets as C text."""

from __future__ import annotations

import pytest

from falco.capture.probe.sieve_text import needs_path, program
from falco.capture.probe.sifted import SIFTED
from falco.fields.registry import SYSCALL_FIELDS
from falco.filter import superset as module
from falco.filter.check import check
from falco.filter.parser import parse_condition
from falco.filter.superset import ALWAYS, How, Level, Number, of_last
from falco.filter.weaken import superset_of
from falco.filter.weaken_traits import traits_of

BY_NAME = {each.call.name: each for each in SIFTED}


def text(condition, *names):
    """The program of calls of a group with the same condition; bits are numbered in the order of the tests."""
    node = check(parse_condition(condition, "test"), SYSCALL_FIELDS)
    rows = [(BY_NAME[name], superset_of([node], BY_NAME[name].vocabulary)) for name in names]
    texts = [found.texts for _, superset in rows for found in module.tests_of(superset)]
    wanted = [*texts, *(last for each in texts if (last := of_last(each)) is not None)]
    bits = {each: bit for bit, each in enumerate(dict.fromkeys(wanted))}
    told = {each.text: each for _, superset in rows for each in traits_of(superset)}
    return program(rows[0][0].group, rows, bits, {text: bit for bit, text in enumerate(told)})


@pytest.mark.parametrize(
    ("name", "condition", "tested"),
    [
        ("openat", "evt.is_open_read = true and fd.name = /a",
         "(((s64)(flags & 1) == (1LL)) && (c->met >> 0 & 1))"),
        ("openat", "not fd.name startswith /a", "(c->unmet >> 0 & 1)"),
        ("openat", "not fd.name glob /*/*", "(c->levels >> 1 & 1)"),
        ("connect", "fd.sport = 22", "(!t->ends || ((s64)t->server_port == (22LL)))"),
        ("connect", "not fd.sport = 22", "(!t->ends || ((s64)t->server_port != (22LL)))"),
        ("connect", "fd.snet = 10.0.0.0/8", "(!t->addresses || ((s64)(t->server & 0xff000000) == (167772160LL)))"),
        ("socket", "evt.rawarg.domain = 17", "((s64)(s64)(u32)(A0) == (17LL))"),
        ("chmod", "evt.arg.mode contains S_ISUID", "((s64)(s64)(u32)(mode_bits(A1)) & (2048LL))"),
        ("unlink", "fs.path.name = /a/b", "((c->met >> 0 | c->met_last >> 1) & 1)"),
        ("unlink", "fs.path.name startswith /a/", "((c->met >> 0 | c->partly) & 1)"),
        ("unlink", "not fs.path.name startswith /a/", "(c->unmet >> 0 & 1)"),
        ("rename", "fs.path.source = /a/b", "((c->met >> 0 | c->met_last >> 1) & 1)"),
        ("renameat2", "evt.arg.flags contains RENAME_EXCHANGE", "((s64)(s64)(u32)(A4) & (2LL))"),
    ],
)  # fmt: skip
def test_what_is_tested(name, condition, tested):
    assert tested in text(condition, name)


def test_a_value_that_no_number_has_is_no_test():
    rows = [(BY_NAME["connect"], How(Number.RESULT, "<", 1 << 70))]
    assert "case 42: if (!1) goto sifted" in program(rows[0][0].group, rows, {})


def test_how_deep_a_path_lies_that_is_too_deep_to_be_known_is_not_tested():
    assert "case 257: if (!1) goto" in program(BY_NAME["openat"].group, [(BY_NAME["openat"], Level(64))], {})


def test_of_two_names_both_are_looked_at():
    made = text("fs.path.source = /a", "rename", "renameat", "link", "linkat")
    assert "c->names = 2;" in made
    assert "case 86:\n        c->base[0].name = A0;" in made
    assert "c->base[1].name = A3;" in made
    assert "c->names = 1;" in text("fs.path.source = /a", "symlink", "symlinkat")


def test_a_name_that_may_be_followed_at_its_end_is_not_looked_at():
    assert "case 265:\n        c->base[0].name = (A4 & 0x400 ? 0 : A1);" in text("fs.path.target = /a", "linkat")


def test_calls_with_the_same_fd_share_a_case_and_roles_are_learned_before_anything_is_tested():
    made = text("fd.sport = 22", "connect", "accept", "accept4", "sendto")
    assert "case 43:\n      case 288:\n        fd = (RET);" in made
    assert (
        made.index("role_is(c, ROLE_SERVER, RET >= 0)") < made.index("learn(c, &known)") < made.index("t->server_port")
    )


def test_the_thread_is_asked_for_last_where_a_path_says_most():
    look, ask = "look(ctx, c, STEP_LOOK)", "know_traits(c)"
    made = text("fd.name = /a and proc.name = a", "openat")
    assert made.index(look) < made.index(ask)
    for condition in ("fd.name = /a or proc.name = a", "not fd.name = /a and proc.name = a"):
        made = text(condition, "openat")
        assert made.index(ask) < made.index(look)


def test_only_calls_whose_path_is_tested_are_looked_at():
    made = program(BY_NAME["read"].group, [(BY_NAME["read"], ALWAYS), (BY_NAME["connect"], ALWAYS)], {})
    assert "look(ctx" not in made
    assert "return look(ctx, c, STEP_LOOK);" in text("fd.name = /a", "read")
    assert "return look(ctx, c, STEP_LOOK_AT_NAME);" in text("fs.path.name = /a", "unlink")
    assert not needs_path(How(Number.FD, "=", 3))
