from __future__ import annotations

from pathlib import Path

from falco.fields import describe
from falco.fields.registry import AUDIT_FIELDS, REGISTRIES, SYSCALL_FIELDS

README = Path(describe.__file__).with_name("README.md")


def test_the_reference_is_up_to_date():
    assert README.read_text(encoding="utf-8") == describe.reference(), (
        "run: python -m falco.fields.describe > falco/fields/README.md"
    )


def test_every_field_has_a_row():
    rows = [line.split("`")[1] for line in describe.reference().splitlines() if line.startswith("| `")]
    fields = [field for registry in REGISTRIES.values() for field in registry]
    assert sorted(rows) == sorted(field.name + describe.syntax(field) for field in fields)


def test_arguments_are_shown_as_they_are_written():
    names = ("proc.name", "proc.aname", "evt.arg", "container.mount", "thread.cgroup", "k8s.pod.label", "evt.type.is")
    found = [field.name + describe.syntax(field) for name in names if (field := SYSCALL_FIELDS.get(name))]
    assert found == [
        "proc.name",
        "proc.aname[N]",
        "evt.arg.NAME",
        "container.mount[N or GLOB]",
        "thread.cgroup.SUBSYSTEM",
        "k8s.pod.label.KEY",
        "evt.type.is.TYPE",
    ]
    others = ("jevt.value", "ka.uri.param", "ka.req.volume.hostpath", "ka.req.service.ports")
    found = [describe.syntax(field) for name in others if (field := AUDIT_FIELDS.get(name))]
    assert found == ["[POINTER]", "[KEY]", "[GLOB]", "[N]"]


def test_what_a_field_is_for_stands_in_its_description():
    ends = [describe.description(field).split(". ")[-1] for name in ("fd.ip", "evt.outputtime", "fd.num")
            if (field := SYSCALL_FIELDS.get(name))]  # fmt: skip
    assert ends[:2] == ["For conditions only.", "For outputs only."]
    assert not ends[2].startswith("For")
