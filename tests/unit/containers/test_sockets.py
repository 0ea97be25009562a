import socket

from falco.containers.sockets import engines
from falco.state.engines import CRI, DOCKER, PODMAN


def listening(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))


def test_paths_are_those_of_the_host(tmp_path):
    found = engines(str(tmp_path), ["/run/d"], ["unix:///run/p"], ["/run/c"])
    assert [(each.kind, each.is_there) for each in found] == [(DOCKER, False), (PODMAN, False), (CRI, False)]
    assert str(tmp_path / "run/p") in found[1].name
    for name in "dpc":
        listening(tmp_path / "run" / name)
    assert all(each.is_there for each in found)
    assert [each.is_there for each in engines("/", [str(tmp_path / "run/d")], [], [])] == [True]


def test_a_pattern_is_what_it_finds(tmp_path):
    for user in ("1000", "1001"):
        listening(tmp_path / "run/user" / user / "p.sock")
    found = engines(str(tmp_path), [], ["/run/user/*/p.sock", "/none/*/x"], [])
    assert [each.name.split("/")[-2] for each in found] == ["1000", "1001"]


def test_a_socket_with_two_names_is_asked_once(tmp_path):
    listening(tmp_path / "run/d")
    (tmp_path / "var").mkdir()
    (tmp_path / "var/run").symlink_to("../run")
    assert len(engines(str(tmp_path), ["/run/d", "/var/run/d"], [], [])) == 1


def test_a_file_is_no_socket(tmp_path):
    (tmp_path / "d").write_text("")
    assert not engines(str(tmp_path), ["/d"], [], ["/d"])[0].is_there
