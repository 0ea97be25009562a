"""mesos.* and marathon.*: declared, so that rules which name them load; nothing here asks a Mesos master for values."""

from __future__ import annotations

from falco.fields.field import Argument
from falco.fields.valueless import valueless

_WHY = "no value, as Mesos is not supported"
FIELDS = (
    valueless("mesos.task.name", f"Name of the task; {_WHY}."),
    valueless("mesos.task.id", f"Id of the task; {_WHY}."),
    valueless("mesos.task.label", f"One label of the task by key; {_WHY}.", Argument.REQUIRED),
    valueless("mesos.task.labels", f"All labels of the task; {_WHY}."),
    valueless("mesos.framework.name", f"Name of the framework; {_WHY}."),
    valueless("mesos.framework.id", f"Id of the framework; {_WHY}."),
    valueless("marathon.app.name", f"Name of the app; {_WHY}."),
    valueless("marathon.app.id", f"Id of the app; {_WHY}."),
    valueless("marathon.app.label", f"One label of the app by key; {_WHY}.", Argument.REQUIRED),
    valueless("marathon.app.labels", f"All labels of the app; {_WHY}."),
    valueless("marathon.group.name", f"Name of the group; {_WHY}."),
    valueless("marathon.group.id", f"Id of the group; {_WHY}."),
)
