import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.containers import inspect
from falco.containers.engine import EngineError
from falco.state.containers import Container, Mount

ID = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
DIGEST = "sha256:" + "d" * 64


def answer(**changes):
    row = {
        "Id": ID,
        "Name": "/web ü",
        "Image": "sha256:" + "b" * 64,
        "Config": {"Image": "reg:5000/a/web:1.2", "Labels": {"a": "b"}, "Env": ["SECRET=1"]},
        "HostConfig": {"Privileged": True, "NetworkMode": "default"},
        "Mounts": [{"Source": "/etc", "Destination": "/h", "Mode": "ro", "RW": False, "Propagation": "rprivate"}],
        "NetworkSettings": {"IPAddress": "172.17.0.2", "Networks": {}},
    }
    return {**row, **changes}


def test_a_container():
    found = inspect.container_of(0, answer(), {"RepoDigests": [f"reg:5000/a/web@{DIGEST}"]})
    assert found == Container(
        ID[:12], 0, name="web ü", image="reg:5000/a/web:1.2", image_id="b" * 64, repository="reg:5000/a/web",
        tag="1.2", digest=DIGEST, privileged=True, mounts=(Mount("/etc", "/h", "ro", False, "rprivate"),),
        ip=bytes((172, 17, 0, 2)), labels={"a": "b"},
    )  # fmt: skip


def test_the_environment_is_left_out():
    assert "SECRET" not in repr(inspect.container_of(0, answer(), {}))


@pytest.mark.parametrize(
    ("written", "image", "parts"),
    [
        ("web", {}, ("web", "latest", "")),
        ("web", {"RepoTags": ["web:3"]}, ("web", "3", "")),
        ("web", {"RepoDigests": [f"docker.io/library/web@{DIGEST}"]}, ("web", "latest", DIGEST)),
        ("web:1", {"RepoDigests": [f"a@{DIGEST}", "web@sha256:1"]}, ("web", "1", "sha256:1")),
        (f"web@{DIGEST}", {}, ("web", "", DIGEST)),
        ("sha256:" + "b" * 64, {"RepoTags": ["x/web:2"]}, ("x/web", "2", "")),
        ("b" * 12, {"RepoTags": [], "RepoDigests": [f"x/web@{DIGEST}"]}, ("x/web", "", DIGEST)),
        ("b" * 12, {}, ("", "", "")),
    ],
)
def test_what_the_image_is_called(written, image, parts):
    found = inspect.container_of(0, answer(Config={"Image": written}), image)
    assert (found.repository, found.tag, found.digest) == parts


def test_an_address_may_stand_with_its_network():
    settings = {"IPAddress": "", "Networks": {"n": {"IPAddress": "10.0.0.9"}, "m": {"IPAddress": "10.0.0.8"}}}
    assert inspect.container_of(0, answer(NetworkSettings=settings), {}).ip == bytes((10, 0, 0, 9))


def test_the_network_of_another_container():
    assert inspect.network_donor(answer(HostConfig={"NetworkMode": "container:abc"})) == "abc"
    assert inspect.network_donor(answer()) == ""
    mine = inspect.container_of(0, answer(NetworkSettings={}), {})
    assert inspect.with_address(mine, answer()).ip == bytes((172, 17, 0, 2))


@pytest.mark.parametrize("identity", [None, "", 7, "ab", "../../etc/passwd", ID[:11], "a b" * 8])
def test_an_answer_without_an_id_is_none(identity):
    with pytest.raises(EngineError, match="no id"):
        inspect.container_of(0, answer(Id=identity), {})


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=4), children, max_size=4),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(answer(), anything) | {"Id": st.just(ID)}), anything)
def test_nonsense_is_survived(row, image):
    image = image if isinstance(image, dict) else {}
    try:
        found = inspect.container_of(0, row, image)
    except EngineError:
        return
    assert found.id == ID[:12]
    assert inspect.network_donor(row) is not None and inspect.id_of_image(row) is not None
