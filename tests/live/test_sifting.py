"""What a run makes of the calls that the kernel keeps back: their counts, and what is remembered of paths meanwhile."""

from __future__ import annotations

import json
import os

import pytest

from tests.live.product import Product


@pytest.fixture
def place(tmp_path):
    place = tmp_path.resolve() / "place"
    place.mkdir()
    for name in ("file", "subway"):
        (place / name).write_text("x")
    return place


NAMED = """
- rule: The file
  desc: One file is opened.
  condition: evt.type=openat and evt.dir=< and fd.num >= 0 and fd.name = {file}
  output: "%fd.name"
  priority: INFO
- rule: Anything of a program
  desc: What the kernel cannot test.
  condition: evt.type=truncate or (evt.type=fchmod and evt.dir=< and proc.pname = nobody)
  output: "%fd.name"
  priority: INFO
"""


def test_the_counts_by_event_tell_what_was_kept_back_and_what_matched(tmp_path, place):
    path, stats = tmp_path / "rules.yaml", tmp_path / "stats"
    path.write_text(NAMED.format(file=place / "file"))
    with Product(tmp_path / "falco", [path], ["-s", str(stats)]) as falco:
        for name, count in (("file", 5), ("subway", 1009)):
            for _ in range(count):
                os.close(os.open(place / name, os.O_RDONLY))
        falco.catch_up()
        falco.stop()
        assert falco.said(r'rule "Anything of a program": every fchmod call leaves the kernel for it, .* proc\.pname')
    row = json.loads(stats.read_text().splitlines()[-1])["by_event"]["openat"]
    assert row["filtered"] >= 1009
    assert row["matched"] >= 5
    assert row["delivered"] >= row["matched"]
    assert row["seen"] == row["filtered"] + row["delivered"]


MADE = """
- rule: Made
  desc: Directories of one name are made, and rules look at what else bears it.
  condition: >
    evt.type in (mkdir, mkdirat, unlink, unlinkat, rmdir, rename, symlink) and evt.dir=<
    and (fs.path.name endswith /made or fs.path.source endswith /made)
  output: "%fs.path.name"
  priority: INFO
"""


def made_anew(link, leads_to):
    link.unlink(missing_ok=True)
    link.symlink_to(leads_to)


def moved_over(link, leads_to):
    other = link.with_name("another")
    other.symlink_to(leads_to)
    other.rename(link)


@pytest.mark.parametrize("lead", [made_anew, moved_over])
def test_where_a_link_leads_is_not_remembered_beyond_its_end_though_nothing_tells_of_that(tmp_path, lead):
    path, place, rounds = tmp_path / "rules.yaml", tmp_path.resolve() / "place", 10
    path.write_text(MADE)
    place.mkdir()
    link = place / "link"
    with Product(tmp_path / "falco", [path]) as falco:
        for n in range(rounds):
            (place / f"real-{n}").mkdir()
            lead(link, place / f"real-{n}")
            (link / "made").mkdir()
            falco.wait_for_alerts(n + 1, "Made")
    assert [alert["output"].split()[-1] for alert in falco.alerts("Made")] == [
        f"{place}/real-{n}/made" for n in range(rounds)
    ]


MOVED = """
- rule: Opened
  desc: One file is opened by its name.
  condition: evt.type=openat and evt.dir=< and fd.num >= 0 and fd.name = {place}/named/file
  output: "%fd.name"
  priority: INFO
- rule: Moved
  desc: Something is moved or linked to one name, which nobody does to the directories above the file.
  condition: >
    evt.type in (rename, renameat, renameat2, link, linkat) and evt.dir=<
    and (fs.path.source = {place}/wanted or fs.path.target = {place}/wanted)
  output: "%fs.path.source %fs.path.target"
  priority: INFO
"""


def test_a_named_file_is_known_by_its_path_though_nothing_tells_that_what_is_above_it_was_moved(tmp_path):
    path, stats, place, rounds = tmp_path / "rules.yaml", tmp_path / "stats", tmp_path.resolve() / "place", 10
    path.write_text(MOVED.format(place=place))
    for name in ("one", "other"):
        (place / name).mkdir(parents=True)
        (place / name / "file").write_text(name)
    with Product(tmp_path / "falco", [path], ["-s", str(stats)]) as falco:
        for _ in range(rounds):
            for name in ("one", "other"):
                (place / name).rename(place / "named")
                os.close(os.open(place / "named/file", os.O_RDONLY))
                (place / "named").rename(place / name)
                os.close(os.open(place / name / "file", os.O_RDONLY))
            (place / "new").write_text("x")
            (place / "new").rename(place / "wanted")
        falco.catch_up()
        falco.stop()
    found = [alert["output"].split()[-1] for alert in falco.alerts("Opened")]
    assert found.count(f"{place}/named/file") == 2 * rounds
    assert len(falco.alerts("Moved")) == rounds
    row = json.loads(stats.read_text().splitlines()[-1])["by_event"]["rename"]
    assert row["filtered"] >= 4 * rounds
    assert row["matched"] == rounds
