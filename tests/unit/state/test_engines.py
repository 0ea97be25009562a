import pytest

from falco.state.containers import INCOMPLETE, TYPE_NAMES, Container
from falco.state.engines import by_path, identify
from falco.state.state import State
from tests.events import process

ID = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
SHORT = ID[:12]
TASK = "a9f41620-b165-4d24-abe0-af0af92e7b20"
POD = "4a1b6f2e-0c0e-4e4b-9b7e-6d1d6e2f3a11"


@pytest.mark.parametrize(
    ("path", "type", "id", "name"),
    [
        (f"/docker/{ID}", "docker", SHORT, INCOMPLETE),
        (f"/system.slice/docker-{ID}.scope", "docker", SHORT, INCOMPLETE),
        (f"/kubepods/pod1/{ID}", "docker", SHORT, INCOMPLETE),  # Which may be the CRI's: metadata will tell.
        (f"/kubepods.slice/cri-containerd-{ID}.scope", "cri", SHORT, ""),
        (f"/machine.slice/libpod-{ID}.scope", "podman", SHORT, INCOMPLETE),
        (f"/user.slice/user-1000.slice/x/{ID}", "podman", SHORT, INCOMPLETE),
        ("/lxc/web/x", "lxc", "web", "web"),
        ("/machine/web.libvirt-lxc", "libvirt-lxc", "web", "web"),
    ],
)
def test_by_path(path, type, id, name):
    found = by_path((("cpu", path),))
    assert found is not None
    assert (found.type_name, found.id, found.name) == (type, id, name)
    assert found.is_stub is (name == INCOMPLETE)


def test_the_host_is_no_container():
    assert by_path((("cpu", "/"), ("name=systemd", "/user.slice/user-0.slice/session-1.scope"))) is None


def family(**values):
    """identify() of the youngest of three processes; values are `<attribute>_<tid>` of each."""
    threads = {tid: process(tid, ptid=tid - 1) for tid in (1, 2, 3)}
    pods = values.pop("pods", ())
    for key, value in values.items():
        attribute, _, tid = key.rpartition("_")
        setattr(threads[int(tid)], attribute, value)
    state = State()
    for thread in threads.values():
        state.add_thread(thread)
    return identify(threads[3], state.parents, pods)


MESOS = (("cpu", f"/mesos/{TASK}"),)


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({"env_3": ["MESOS_TASK_ID=app.1"]}, True),
        ({"env_2": ["x=1", "mesos_task_id= app_1 "]}, True),
        ({"env_1": ["MESOS_EXECUTOR_ID=app.1"]}, True),
        ({"env_3": ["MESOS_TASK_ID="], "env_2": ["MESOS_TASK_ID=app.1"]}, True),
        ({"env_3": ["MESOS_TASK_ID=nodot"], "env_2": ["MESOS_TASK_ID=app.1"]}, False),
        ({"env_3": ["MESOS_TASK_ID=.1"]}, False),
        ({"env_3": ["XMESOS_TASK_ID=app.1"]}, False),
        ({}, False),
    ],
)
def test_mesos(environment, found):
    container = family(cgroups_3=MESOS, **environment)
    assert container == (Container(TASK, 3, name=TASK) if found else None)


UNIT = (("name=systemd", "/machine.slice/x/nginx.service"),)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"env_2": [f"container_uuid={POD}"], "pods": [f"{POD}:nginx"]}, True),
        ({"args_1": ["--boot", f"--uuid={POD}"], "pods": [f"{POD}:nginx"]}, True),
        ({"env_2": [f"container_uuid={POD}"], "pods": [f"{POD}:other"]}, False),
        ({"env_2": [f"container_uuid={POD}"]}, False),
        ({"env_3": [f"container_uuid={POD}"], "pods": [f"{POD}:nginx"]}, False),  # Only ancestors count here.
        ({"pods": [f"{POD}:nginx"]}, False),
    ],
)
def test_rkt_by_unit(values, found):
    assert family(cgroups_3=UNIT, **values) == (Container(f"{POD}:nginx", 4, name="nginx") if found else None)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"root_3": "/opt/stage2/nginx/rootfs", "env_3": [f"container_uuid={POD}"]}, True),
        ({"root_3": "/opt/stage2/nginx/rootfs/x", "env_1": [f"container_uuid={POD}"]}, True),
        ({"root_3": "/opt/stage2/nginx/rootfs"}, False),
        ({"root_3": "/opt/stage2/nginx", "env_3": [f"container_uuid={POD}"]}, False),
        ({"root_3": f"/var/lib/rkt/pods/run/{POD}/stage1/rootfs/opt/stage2/nginx/rootfs"}, True),
        ({"root_3": f"/var/lib/rkt/pods/run/{POD}/stage1/rootfs/opt/stage2/nginx"}, False),
        ({"root_3": f"/var/lib/rkt/pods/run/{POD}"}, False),
    ],
)
def test_rkt_by_root(values, found):
    assert family(**values) == (Container(f"{POD}:nginx", 4, name="nginx") if found else None)


def test_bpm():
    assert family(cgroups_3=(("cpu", "/bpm-job.scope"),)) == Container("job", 9, name="job")
    assert TYPE_NAMES[9] == "bpm"


def test_engines_are_asked_in_order():
    both = (("cpu", f"/lxc/web/{ID}"),)
    assert family(cgroups_3=both).type_name == "docker"
    assert family(cgroups_3=(*MESOS, ("memory", "/lxc/web")), env_3=["MESOS_TASK_ID=a.b"]).type_name == "lxc"
    assert family(cgroups_3=(*MESOS, ("memory", "/bpm-job"))).type_name == "bpm"


def test_loops_of_parents_end():
    assert family(cgroups_3=MESOS, ptid_1=3) is None
