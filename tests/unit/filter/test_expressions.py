from __future__ import annotations

import pytest

from falco.filter.ast import And, Node, Not, Or
from falco.filter.expressions import Expressions, Names
from falco.filter.patterns import Network, Networks
from tests.unit.filter.conditions import compare


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (compare("proc.name", "=", "a"), "(v_proc_name := x_proc_name(event)) == c0"),
        (compare("evt.failed", "=", True), "(v_evt_failed := x_evt_failed(event))"),
        (compare("fd.num", "<", 3), "(v_fd_num := x_fd_num(event)) is not None and v_fd_num < c0"),
        (
            And((compare("proc.name", "exists"), compare("proc.name", "!=", "a"))),
            "(v_proc_name := x_proc_name(event)) is not None and v_proc_name is not None and v_proc_name != c0",
        ),
        # Behind a true `or` only its first alternative has surely been looked at.
        (
            And((Or((compare("proc.name", "=", "a"), compare("fd.num", "=", 1))), compare("fd.num", "=", 2))),
            (
                "((v_proc_name := x_proc_name(event)) == c0 or (v_fd_num := x_fd_num(event)) == c1)"
                " and (v_fd_num if v_fd_num is not ... else (v_fd_num := x_fd_num(event))) == c2"
            ),
        ),
        # Behind a false one, all have.
        (
            And((Not(Or((compare("proc.name", "=", "a"), compare("fd.num", "=", 1)))), compare("fd.num", "=", 2))),
            "not ((v_proc_name := x_proc_name(event)) == c0 or (v_fd_num := x_fd_num(event)) == c1) and v_fd_num == c2",
        ),
        (
            compare("fd.snet", "in", Networks(frozenset((Network(4, 0, 0),)))),
            "(v_fd_snet := x_fd_snet(event)) is not None and c0[v_fd_snet]",
        ),
        (compare("fd.port", "!=", 80), "(v_fd_port := x_fd_port(event)) and c0 not in v_fd_port"),
        (
            compare("proc.aname", "in", frozenset("ab")),
            "(v_proc_aname := x_proc_aname(event)) and not c0(v_proc_aname)",
        ),
    ],
)
def test_common_tests_stand_inline_and_read_a_field_once(node: Node, text: str) -> None:
    assert " ".join(Expressions(Names()).write(node, frozenset()).text.split()) == text


def test_a_field_that_is_known_is_read_from_its_variable() -> None:
    expressions = Expressions(Names())
    known = frozenset(("fd.num",))
    assert expressions.write(compare("fd.num", "=", 1), known).text == "v_fd_num == c0"
    assert not expressions.lazy


def test_equal_constants_share_a_name_unless_their_types_differ() -> None:
    names = Names()
    assert [names.constant(value) for value in ("a", "a", 1, 1.0, True)] == ["c0", "c0", "c1", "c2", "c3"]
    assert names.meanings == names.namespace == {"c0": "a", "c1": 1, "c2": 1.0, "c3": True}
