"""The plan of a probe."""

from __future__ import annotations

from falco.capture.probe.plan import Plan


def test_programs_come_once_and_called_ones_first():
    plan = Plan({"enter": "sys_enter", "exit": "sys_exit"}, {"exits": {1: "b", 0: "a"}, "steps": {0: "a"}}, {})
    assert plan.programs == ("b", "a", "enter", "exit")


def test_a_program_that_is_called_and_attached_is_loaded_once():
    assert Plan({"a": "sys_exit"}, {"exits": {0: "a"}}, {}).programs == ("a",)
