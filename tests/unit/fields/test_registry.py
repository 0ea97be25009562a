from __future__ import annotations

import hashlib

import pytest

from falco.events.table import EVENT_TABLE
from falco.fields import user
from falco.fields.field import Argument, Field, Many
from falco.fields.registry import AUDIT_FIELDS, REGISTRIES, SYSCALL_FIELDS, list_names, syscall_fields

CHECKSUM = "fb82780f268b91fb888876e6ac1142b5acca08e05b3a82c4b1b524ca88fa83d9"
"""FALCO_FIELDS_CHECKSUM of 0.15.0: the sha256 of what `falco --list -N` prints."""
FIELDS = [field for fields in REGISTRIES.values() for field in fields]


def test_the_names_are_those_of_0_15_in_its_order():
    text = "".join(f"{name}\n" for name in list_names())
    assert hashlib.sha256(text.encode()).hexdigest() == CHECKSUM


def test_later_fields_follow():
    for fields in REGISTRIES.values():
        later = [field.later for field in fields]
        assert later == sorted(later)
    assert set(list_names(later=True)) > set(list_names())


def test_each_source_has_its_own():
    assert {name: fields.source for name, fields in REGISTRIES.items()} == {
        "syscall": "syscall",
        "k8s_audit": "k8s_audit",
    }
    assert "proc.name" in SYSCALL_FIELDS
    assert "proc.name" not in AUDIT_FIELDS
    assert "ka.verb" in AUDIT_FIELDS


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_field_can_be_read(field):
    assert field.extract is not None or field.bind is not None
    assert (field.argument is Argument.NONE) or field.bind is not None
    assert field.doc.endswith(".")
    assert field.many is Many.ONE or field.extract is not None


@pytest.mark.parametrize(
    "field", [field for field in FIELDS if field.constant is not None], ids=lambda field: field.name
)
def test_constants_are_known_for_every_event_type(field):
    assert len([field.fixed(event_type) for event_type in EVENT_TABLE]) == len(EVENT_TABLE)


def test_a_name_that_0_15_did_not_have_must_say_so(monkeypatch):
    extra = Field("x.y", FIELDS[0].type, "Something.", FIELDS[0].extract)
    monkeypatch.setattr(user, "FIELDS", (*user.FIELDS, extra))
    with pytest.raises(ValueError, match=r"x\.y: later fields"):
        syscall_fields()


def test_names_of_hosts_are_looked_up_by_the_given_resolver():
    fields = syscall_fields(lambda name: (name.encode(),))
    field = fields.get("fd.sip.name")
    assert field is not None
    assert field.parse is not None
    assert field.parse("a") == (b"a",)
