from __future__ import annotations

import hashlib
import re

import pytest

from falco.commands.fields import SCOPES, print_ignored, print_list
from falco.commands.options import Options
from falco.errors import FalcoError
from falco.fields.field import Scope
from falco.fields.registry import LIST_ORDER, SYSCALL_FIELDS

CALLED = (r"fd\.sport", r"proc\.nchilds")


def listed(capsys, **options):
    assert print_list(Options(**{"list": "", **options})) == 0
    return capsys.readouterr().out


def test_names_are_exactly_those_of_0_15(capsys):
    out = listed(capsys, names_only=True)
    # FALCO_FIELDS_CHECKSUM of 0.15's falco_engine_version.h.
    checksum = "fb82780f268b91fb888876e6ac1142b5acca08e05b3a82c4b1b524ca88fa83d9"
    assert hashlib.sha256(out.encode()).hexdigest() == checksum
    assert out.count("\n") == 288


def test_all_adds_the_later_ones(capsys):
    more = listed(capsys, names_only=True, all=True).split()
    assert set(LIST_ORDER) < set(more)


def test_one_source_only(capsys):
    names = listed(capsys, names_only=True, list="k8s_audit").split()
    assert names
    assert {name.split(".")[0] for name in names} == {"jevt", "ka"}


def test_descriptions_stand_beside_the_names_and_are_wrapped(capsys):
    lines = listed(capsys, list="syscall").splitlines()
    assert lines[:4] == ["", "-" * 22, "Field Class: fd (syscall)", ""]
    assert max(map(len, lines)) <= 79
    field = SYSCALL_FIELDS.get("fd.num")
    assert field is not None
    assert any(line.startswith(f"fd.num          {field.doc.split()[0]} ") for line in lines)


def test_verbose_tells_the_type(capsys):
    assert "Type: " in listed(capsys, verbose=True)
    assert "Type: " not in listed(capsys)


def test_verbose_tells_the_scope_with_what_it_means_and_what_the_kernel_tests(capsys):
    text = " ".join(listed(capsys, verbose=True, list="syscall").split())
    assert all(f"Scope {scope.value}: the value " in text for scope in Scope)
    assert text.count("Scope: volatile.") == sum(f.scope is Scope.VOLATILE and not f.later for f in SYSCALL_FIELDS)
    sport, nchilds = (re.search(rf" {name} (.*?Scope: \w+\.( In the kernel\.)?)", text) for name in CALLED)
    assert sport is not None
    assert sport[1].endswith("Scope: event. In the kernel.")
    assert nchilds is not None
    assert nchilds[1].endswith("Scope: volatile.")
    assert "Scope " not in listed(capsys, verbose=True, names_only=True)


def test_every_scope_has_its_words():
    assert set(SCOPES) == set(Scope)


def test_an_unknown_source_is_an_error():
    with pytest.raises(FalcoError, match=r'must be "syscall" or "k8s_audit".*did you mean syscall\?'):
        print_list(Options(list="syscal"))


def test_ignored_events_are_sorted_on_one_line(capsys):
    assert print_ignored(Options()) == 0
    prefix, _, names = capsys.readouterr().out.rstrip("\n").partition(": ")
    assert prefix == "Ignored Event(s)"
    assert names.split() == sorted(names.split())
    assert {"read", "write", "switch", "futex"} <= set(names.split())
    assert not {"open", "execve", "connect"} & set(names.split())
