import pytest

from falco.appliance import preflight
from falco.appliance.preflight import Place

ALL = (1 << 41) - 1
SYS_ADMIN, SYS_PTRACE, BPF, PERFMON, DAC = 1 << 21, 1 << 19, 1 << 39, 1 << 38, 1 << 2

SOCKETS = ("/run/docker.sock", "/run/user/*/podman.sock", "unix:///run/containerd/containerd.sock")


@pytest.fixture
def container(tmp_path):
    """A container that lacks nothing but volumes: its root with the host's below /host."""
    for name in (
        "host/proc/1/stat",
        "host/run/containerd/containerd.sock",
        "host/etc/passwd",
        "sys/kernel/btf/vmlinux",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    hold(tmp_path, ALL)
    return tmp_path


def hold(root, capabilities):
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/self/status").write_text(f"Name:\tx\nCapEff:\t{capabilities:016x}\n")


def check(root, **facts):
    facts = {"sockets": SOCKETS, "release": "6.1.0", "machine": "x86_64", "uid": 0, "host_root": root / "host", **facts}
    return [finding for finding in preflight.check(Place(root=root, **facts)) if "no volume" not in finding.text]


def test_a_container_that_has_all_lacks_nothing(container):
    assert check(container) == []


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"release": "5.7.9"}, "kernel 5.7.9 has no BPF ring buffer; to mend it: run 5.8 or newer"),
        ({"machine": "aarch64"}, "this machine is aarch64"),
        ({"uid": 1000}, "user 1000 may not load BPF programs; to mend it: run the container as root"),
    ],
)
def test_some_lacks_cannot_be_lived_with(container, facts, text):
    (finding,) = check(container, **facts)
    assert finding.fatal and text in str(finding)


@pytest.mark.parametrize(
    ("held", "fatal", "text"),
    [
        (ALL & ~SYS_ADMIN, False, ""),
        (SYS_ADMIN | SYS_PTRACE | DAC, False, ""),
        (BPF | PERFMON | SYS_PTRACE | DAC, False, ""),
        (BPF | SYS_PTRACE | DAC, True, "BPF programs may not be loaded"),
        (0, True, "BPF programs may not be loaded"),
        (SYS_ADMIN | DAC, False, "--cap-add SYS_PTRACE"),
        (BPF | PERFMON | SYS_PTRACE, False, "--cap-add DAC_READ_SEARCH"),
    ],
)
def test_capabilities_are_looked_at(container, held, fatal, text):
    hold(container, held)
    found = check(container)
    assert bool(found) == bool(text)
    if found:
        assert found[0].fatal == fatal and text in str(found[0])


def test_processes_of_the_host_have_to_be_seen(container):
    (container / "host/proc/1/stat").unlink()
    (finding,) = check(container)
    assert finding.fatal and "-v /proc:/host/proc:ro" in finding.mend


@pytest.mark.parametrize(("namespace", "lacks"), [(0xEFFFFFFC, False), (4026532000, True)])
def test_a_proc_of_our_own_has_to_be_the_hosts(container, namespace, lacks):
    (container / "proc/1").mkdir()
    (container / "proc/1/stat").write_text("")
    (container / "proc/self/ns").mkdir()
    (container / "proc/self/ns/pid").symlink_to(f"pid:[{namespace}]")
    found = [finding for finding in check(container, host_root=container) if finding.fatal]
    assert [("--pid host" in finding.mend) for finding in found] == [True] * lacks


@pytest.mark.parametrize(
    ("gone", "text"),
    [
        ("host/run/containerd/containerd.sock", "no container runtime"),
        ("host/etc/passwd", "names of the host's users"),
        ("sys/kernel/btf/vmlinux", "neither BTF nor headers"),
    ],
)
def test_other_lacks_are_told_with_their_mend(container, gone, text):
    (container / gone).unlink()
    (finding,) = check(container)
    assert not finding.fatal and text in finding.text and finding.mend


def test_a_socket_by_a_pattern_counts(container):
    (container / "host/run/containerd/containerd.sock").rename(container / "host/run/podman.sock")
    assert len(check(container)) == 1
    (container / "host/run/user/1000").mkdir(parents=True)
    (container / "host/run/podman.sock").rename(container / "host/run/user/1000/podman.sock")
    assert check(container) == []


def test_headers_do_where_there_is_no_btf(container):
    (container / "sys/kernel/btf/vmlinux").unlink()
    (container / "host/lib/modules/6.1.0").mkdir(parents=True)
    (container / "host/lib/modules/6.1.0/build").symlink_to("/usr/src/nowhere")
    assert check(container) == []


def test_volumes_that_are_missing_are_told(container):
    texts = [
        finding.text for finding in preflight.check(Place(container / "host", SOCKETS, container, "6.1.0", "x86_64", 0))
    ]
    assert len(texts) == 2 and all("is no volume" in text for text in texts)


def test_what_is_fatal_stands_first(container):
    hold(container, 0)
    (container / "host/etc/passwd").unlink()
    found = check(container)
    assert [finding.fatal for finding in found] == sorted((finding.fatal for finding in found), reverse=True)


def test_the_hosts_root_is_what_was_said_or_what_is_mounted(tmp_path):
    assert preflight.host_root("/elsewhere", tmp_path) == "/elsewhere"
    assert preflight.host_root("", tmp_path) == "/"
    (tmp_path / "host/proc/1").mkdir(parents=True)
    assert preflight.host_root("", tmp_path) == "/host"
