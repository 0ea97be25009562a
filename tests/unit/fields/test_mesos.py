from __future__ import annotations

from falco.fields import mesos
from tests.unit.fields.reading import read


def test_no_field_has_a_value(event_of):
    event = event_of("SYSCALL_CHDIR_X", 0, "/")
    found = {field.name: read(mesos.FIELDS, field.name, event, "key") for field in mesos.FIELDS if field.bind}
    assert found == {"mesos.task.label": None, "marathon.app.label": None}
    assert {field.extract(event) for field in mesos.FIELDS if field.extract} == {None}
