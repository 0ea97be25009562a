import stat

import pytest

from falco import config
from falco.appliance import place
from falco.errors import FalcoError


def mounts(tmp_path, *tmpfs):
    path = tmp_path / "mounts"
    path.write_text("overlay / overlay rw 0 0\n" + "".join(f"tmpfs {one} tmpfs rw 0 0\n" for one in tmpfs))
    return path


def test_other_programs_of_the_container_look_where_it_is_rendered():
    assert [str(directory / place.FALCO_YAML) for directory in place.CANDIDATES] == list(config.RENDERED)


def test_a_directory_in_memory_goes_first(tmp_path):
    disk, memory = tmp_path / "run/falco", tmp_path / "shm/falco"
    (tmp_path / "shm").mkdir()
    assert place.make([disk, memory], mounts(tmp_path, tmp_path / "shm")) == memory
    for one in (tmp_path / "run", tmp_path / "run/falco"):
        assert place.make([disk, memory], mounts(tmp_path, one, tmp_path / "shm")) == disk
    assert stat.S_IMODE(memory.stat().st_mode) == stat.S_IMODE(disk.stat().st_mode) == 0o700


def test_without_a_list_of_mounts_the_first_one_is_taken(tmp_path):
    assert place.make([tmp_path / "a", tmp_path / "b"], tmp_path / "none") == tmp_path / "a"


def test_what_others_could_read_is_closed_to_them(tmp_path):
    (tmp_path / "falco").mkdir(mode=0o755)
    place.make([tmp_path / "falco"], mounts(tmp_path))
    assert stat.S_IMODE((tmp_path / "falco").stat().st_mode) == 0o700


def test_a_link_or_a_file_in_its_place_is_not_used(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").write_text("")
    with pytest.raises(FalcoError, match=r"link: it belongs.*file: File exists.*mount a tmpfs"):
        place.make([tmp_path / "link", tmp_path / "file"], mounts(tmp_path))


def test_the_directory_is_found_again_by_what_is_in_it(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    assert place.find([one, two]) is None
    (two / place.FALCO_YAML).write_text("")
    assert place.find([one, two]) == two
