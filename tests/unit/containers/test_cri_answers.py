import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.containers import cri_answers, wire
from falco.containers.engine import EngineError
from falco.state.containers import Mount
from tests.unit.containers import criwords

DIGEST = "sha256:" + "d" * 64


def container(**changes):
    return cri_answers.container_of(7, wire.decode(criwords.container(**changes)))


def test_a_container():
    found, sandbox = container(mounts=[("/etc", "/h", True, 0), ("/s", "/d", False, 2)], labels={"l": "m"})
    assert sandbox == criwords.SANDBOX
    assert (found.id, found.type_name, found.name, found.image) == ("a" * 12, "containerd", "main", "reg/web:1.2")
    assert (found.repository, found.tag, found.digest, found.image_id) == ("reg/web", "1.2", "", "c" * 64)
    assert found.mounts == (Mount("/etc", "/h", "", False, "private"), Mount("/s", "/d", "", True, "rshared"))
    assert found.labels == {"l": "m"} and not found.privileged and not found.is_pod_sandbox


@pytest.mark.parametrize(
    ("image", "reference", "parts"),
    [
        ("reg/web:1", f"reg/web@{DIGEST}", ("reg/web", "1", DIGEST, "")),
        (f"reg/web@{DIGEST}", f"reg/web@{DIGEST}", ("reg/web", "", DIGEST, "")),
        ("sha256:" + "c" * 64, f"reg/web@{DIGEST}", ("reg/web", "", DIGEST, "")),
        ("web", "sha256:" + "c" * 64, ("web", "latest", "", "c" * 64)),
        ("sha256:" + "c" * 64, "sha256:" + "c" * 64, ("", "", "", "c" * 64)),
        ("", "", ("", "", "", "")),
    ],
)
def test_what_the_image_is_called(image, reference, parts):
    found, _ = container(image=image, reference=reference)
    assert (found.repository, found.tag, found.digest, found.image_id) == parts


@pytest.mark.parametrize(
    ("info", "privileged"),
    [
        ({"config": {"linux": {"security_context": {"privileged": True}}}}, True),
        ({"config": {"linux": {"security_context": {}}}}, False),
        ({"privileged": True}, True),
        ({"privileged": "true"}, False),
        ("no json", False),
        ("[" * 100_000, False),
        ("[]", False),
    ],
)
def test_privileged_stands_beside_the_api(info, privileged):
    assert container(info=info)[0].privileged is privileged


def test_a_sandbox():
    found = cri_answers.sandbox_of(8, wire.decode(criwords.sandbox(info='{"image": "reg/pause:3"}')))
    assert (found.id, found.type_name, found.name, found.ip) == ("b" * 12, "cri-o", "web-1", bytes((10, 1, 2, 3)))
    assert found.is_pod_sandbox and (found.repository, found.tag) == ("reg/pause", "3")
    assert found.labels == {
        "app": "shop", "io.kubernetes.pod.name": "web-1", "io.kubernetes.pod.uid": "uid-1",
        "io.kubernetes.pod.namespace": "shop",
    }  # fmt: skip


def test_a_sandbox_without_an_address():
    assert cri_answers.sandbox_of(7, wire.decode(criwords.sandbox(ip="fd00::1"))).ip == b""


@pytest.mark.parametrize(("name", "type"), [("containerd", 7), ("cri-o", 8), ("CRI-O", 8), ("docker", 6), ("", 6)])
def test_types(name, type):
    assert cri_answers.type_of(wire.decode(criwords.version(name))) == type


@pytest.mark.parametrize("identity", ["", "short", "../../../../etc/passwd"])
def test_an_answer_without_an_id_is_none(identity):
    with pytest.raises(EngineError, match="no id"):
        container(identity=identity)
    with pytest.raises(EngineError, match="no id"):
        cri_answers.sandbox_of(7, wire.decode(criwords.sandbox(identity=identity)))


@given(st.binary(max_size=60), st.integers(0, 200))
def test_damage_is_survived(bytes_, at):
    raw = criwords.container(mounts=[("/etc", "/h", True, 0)], labels={"l": "m"})
    damaged = raw[: at % len(raw)] + bytes_ + raw[at % len(raw) + len(bytes_) :]
    for read in (cri_answers.container_of, cri_answers.sandbox_of):
        try:
            read(7, wire.decode(damaged))
        except (wire.WireError, EngineError):
            continue
