import pytest

from falco.state.containers import INCOMPLETE, TYPE_NAMES, Container, Mount, stub


@pytest.mark.parametrize(("number", "name"), [*TYPE_NAMES.items(), (99, "")])
def test_type_name(number, name):
    assert Container("x", number).type_name == name


@pytest.mark.parametrize(("rdwr", "text"), [(True, "/a:/b:rw:true:private"), (False, "/a:/b:rw:false:private")])
def test_mount(rdwr, text):
    assert str(Mount("/a", "/b", "rw", rdwr, "private")) == text


@pytest.mark.parametrize("type", [0, 11])
def test_stub(type):
    made = stub("x", type)
    assert (made.id, made.type, made.is_stub, made.privileged, made.mounts) == ("x", type, True, False, ())
    texts = {made.name, made.image, made.image_id, made.repository, made.tag, made.digest}
    assert texts == {INCOMPLETE}
