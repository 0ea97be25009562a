import pytest

from falco.state import cgroups

ID = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
SHORT = ID[:12]
CROWDED = "machine-lxc\\x2d1234\\x2dname.scope"


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [
        (b"", ()),
        (b"cpu=/a\0", (("cpu", "/a"),)),
        (b"cpu=/a\0mem=/b\0perf=/c\0io=/d\0", (("cpu", "/a"), ("memory", "/b"), ("perf_event", "/c"), ("blkio", "/d"))),
        (b"cpuset_cgroup=/a\0", (("cpuset", "/a"),)),
        (b"name=systemd=/a\0", (("name=systemd", "/a"),)),
        (b"=/a\0", (("", "/a"),)),
        (b"cpu=\0", (("cpu", ""),)),
        (b"cpu=/a\0broken\0mem=/b\0", (("cpu", "/a"),)),
        (b"cpu=/a", (("cpu", "/a"),)),
    ],
)
def test_parse(raw, pairs):
    assert cgroups.parse(raw) == pairs


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (f"/docker/{ID}", SHORT),
        (f"/kubepods/burstable/pod1/{ID}", SHORT),
        (f"/system.slice/docker-{ID}.scope", SHORT),
        (f"/docker/{ID.upper()}", SHORT.upper()),
        (f"/docker/{ID[1:]}", ""),
        (f"/docker/{ID}0", ""),
        (f"/docker/{ID[:-1]}g", ""),
        (f"/docker/{ID}/inner", ""),
        (f"/system.slice/docker-{ID}.service", ""),
        (f"/crio-{ID}", ""),
        ("/", ""),
        ("", ""),
    ],
)
def test_docker(path, found):
    assert cgroups.docker((("cpu", "/"), ("memory", path))) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (f"/kubepods/pod1/{ID}", SHORT),
        (f"/kubepods/pod1/crio-{ID}", SHORT),
        (f"/kubepods.slice/crio-{ID}.scope", SHORT),
        (f"/kubepods.slice/cri-containerd-{ID}.scope", SHORT),
        (f"/system.slice/containerd.service/kubepods-burstable.slice:cri-containerd:{ID}", SHORT),
        (f"/system.slice/docker-{ID}.scope", ""),
        (f"/crio-{ID}x", ""),
    ],
)
def test_cri(path, found):
    assert cgroups.cri((("cpu", path),)) == found


@pytest.mark.parametrize(
    ("subsystem", "path", "found"),
    [
        ("cpu", f"/machine.slice/libpod-{ID}.scope", SHORT),
        ("cpu", f"/machine.slice/libpod-{ID}.scope/container", SHORT),
        ("cpu", f"/libpod_parent/libpod-{ID}", SHORT),
        ("cpu", f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope", SHORT),
        ("cpu", f"/user.slice/user-1000.slice/session-2.scope/{ID}", SHORT),
        ("name=systemd", f"/x/podman-1234.scope/{ID}", SHORT),
        ("cpu", f"/x/podman-1234.scope/{ID}", ""),
        ("name=systemd", f"/x/podman-no.scope/{ID}", ""),
        ("cpu", f"/user.slice/user-1000.slice/session-2.scope/{ID}x", ""),
        ("cpu", f"/docker/{ID}", ""),
    ],
)
def test_podman(subsystem, path, found):
    assert cgroups.podman(((subsystem, path),)) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/lxc/web", "web"),
        ("/lxc/web/init.scope", "web"),
        ("/lxc.payload/web/x", "web"),
        ("/lxc.payload.web/x", "web"),
        ("/lxcfs/web", ""),
        ("/", ""),
    ],
)
def test_lxc(path, found):
    assert cgroups.lxc((("cpu", path),)) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/machine/web.libvirt-lxc", "web"),
        (f"/machine.slice/{CROWDED}", "1234\\x2dname"),
        ("/libvirt/lxc/web", "web"),
        ("/libvirt/lxc/web/sub", "web/sub"),
        ("/machine/web.libvirt-lxc/sub", ""),
        ("/machine.slice/machine-lxc\\x2d1.service", ""),
        ("/", ""),
    ],
)
def test_libvirt_lxc(path, found):
    assert cgroups.libvirt_lxc((("cpu", path),)) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/mesos/a9f41620-b165-4d24-abe0-af0af92e7b20", "a9f41620-b165-4d24-abe0-af0af92e7b20"),
        ("/mesos/a9f41620-b165-4d24-abe0-af0af92e7b2", ""),
        ("/mesos/a9f41620-b165-4d24-abe0-af0af92e7b20/x", ""),
        ("/mesos/g9f41620-b165-4d24-abe0-af0af92e7b20", ""),
        ("/", ""),
    ],
)
def test_mesos(path, found):
    assert cgroups.mesos((("cpu", path),)) == found


def test_services():
    assert cgroups.services((("cpu", "/a/b.service"), ("memory", "/c.scope"), ("pids", "d.service"))) == ("b", "d")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/system.slice/runc-bpm-cloud.controller_1.scope", "cloud.controller_1"),
        ("/bpm-job", "job"),
        ("/bpm-job.scope/sub", "job"),
        ("/garden/x/bpm-job", "job"),
        ("/bpm-job/sub", ""),
        ("/system.slice/mybpm-tool.service", ""),
        ("/system.slice/my-bpm-tool.scope", ""),
        ("/system.slice/bpm-agent.service", ""),
        ("/bpm-agent.slice", ""),
        ("/bpm-a b", ""),
        ("/bpm-", ""),
        ("/", ""),
    ],
)
def test_bpm(path, found):
    assert cgroups.bpm((("cpu", path),)) == found


def test_the_first_path_that_tells_wins():
    assert cgroups.docker((("cpu", f"/docker/{'a' * 64}"), ("memory", f"/docker/{'b' * 64}"))) == "a" * 12


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (f"/docker/{ID}/system.slice/x.service", ("docker", SHORT)),
        (f"/kubepods/burstable/pod1a2b3c4d-1111-2222-3333-444455556666/{ID}/x", ("docker", SHORT)),
        (f"/system.slice/docker-{ID}.scope/init.scope", ("docker", SHORT)),
        (f"/docker/{'b' * 64}/x/libpod-{ID}/y", ("libpod", SHORT)),
        (f"/x/crio-{ID}.scope/container", ("crio", SHORT)),
        (f"/a.slice:cri-containerd:{ID}/x", ("cri-containerd", SHORT)),
        (f"/docker/{ID}", ("", "")),
        (f"/docker/{ID}0/x", ("", "")),
        (f"/home/{ID}/x", ("", "")),
        (f"/libpod-conmon-{ID}.scope/x", ("", "")),
    ],
)
def test_enclosing(path, found):
    assert cgroups.enclosing((("cpu", "/"), ("memory", path))) == found


def test_full_id():
    paths = (("cpu", "/"), ("memory", f"/docker/{'b' * 64}/docker/{ID}"))
    assert cgroups.full_id(paths, SHORT) == ID
    assert cgroups.full_id(paths, "c" * 12) == "c" * 12


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (
            "/machine.slice/machine-rkt\\x2d4a1b6f2e\\x2d0c0e\\x2d4e4b\\x2d9b7e\\x2d6d1d6e2f3a11.scope/system.slice/a.service",
            ("4a1b6f2e-0c0e-4e4b-9b7e-6d1d6e2f3a11", "a"),
        ),
        ("/machine.slice/machine-rkt\\x2d4a1b6f2e.scope/system.slice/a.service", ("", "")),
        ("/machine.slice/machine-nspawn.scope/system.slice/a.service", ("", "")),
    ],
)
def test_rkt(path, found):
    assert cgroups.rkt((("cpu", path),)) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-x.scope", 1000),
        ("/user.slice/user-1000.slice", None),
        ("/docker/x/user.slice/user-1000.slice/y", None),
        ("/system.slice/x.service", None),
    ],
)
def test_user(path, found):
    assert cgroups.user((("cpu", "/"), ("memory", path))) == found
