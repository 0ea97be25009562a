"""What changes right before an act loses no match and brings none too many, under load and with the sieve in force.

0.15's meaning is held where a process's parent ends: the parent is who made the process, and when that one has ended
nobody is, until the process begins another program, which takes the parent that the kernel tells of.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.live import racing
from tests.live.delaying import Delaying
from tests.live.engines import IMAGE, REPOSITORY, Engines
from tests.live.product import ROOT, Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

ROUNDS = 2000
PROGRAMS = {
    "program_name": "proc.name = races-two",
    "program_path": "proc.exepath = {place}/bin2/races-one",
    "program_line": 'proc.cmdline startswith "races-one wanted "',
    "program_user": "user.uid = 1",
    "program_of_thread": "proc.name = races-two",
}
NAMES = dict.fromkeys(
    ("name_by_call", "name_of_child", "name_of_thread", "name_by_file", "name_from_another"), "proc.name = races-new"
)
IDS = {
    "id_of_user": "user.uid = 1",
    "name_of_user": "user.name = bin",
    "id_of_group": "group.gid = 1",
    "name_of_group": "group.name = bin",
    "user_for_good": "user.name = daemon",
    "user_of_thread": "user.uid = 1",
}
FAMILIES = {
    "parent_ends": "proc.pname = races-parent",
    "orphan_begins_program": "proc.pname = races-reaper and proc.aname[1] = races-reaper",
    "parent_begins_program": "proc.pname = races-two and proc.aname = races-two",
    "grandparent_takes_name": "proc.aname[2] = races-new and proc.aname = races-new",
}
FILES = dict.fromkeys(("directory_moves", "files_get_links", "links_lead_there"), "evt.rawres >= 0")
GROUPS = {"programs": PROGRAMS, "names": NAMES, "ids": IDS, "families": FAMILIES, "files": FILES}
SEEN_AT = {"directory_moves": "here/"}
"""Where below its place a race does what is to be told."""

RULE = """
- rule: {race}
  desc: An act of a race.
  condition: >
    evt.dir=< and ((evt.type in (open, openat) and fd.name startswith {place}open/)
    or (evt.type in (mkdir, mkdirat) and fs.path.name startswith {place}make/)
    or (evt.type=fchmod and fd.name startswith {place}mode/)) and {condition}
  output: "%fs.path.name"
  priority: INFO
"""
BESIDE = """
- rule: Load
  desc: What the kernel cannot test, and never is.
  condition: >
    evt.dir=< and evt.rawtime = 0 and ((evt.type in (open, openat) and fd.name startswith {place}/sent)
    or evt.type=connect
    or (evt.type in (rename, link, symlink, unlink) and fs.path.written startswith {place}/sent))
  output: "never"
  priority: INFO
"""
CONFIG = "syscall_buf_mb: 256\n"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The small program, compiled."""
    program = tmp_path_factory.mktemp("racing") / "races-one"
    source = Path(racing.__file__).with_suffix(".c")
    subprocess.run(["gcc", "-O1", "-static", "-pthread", "-o", str(program), str(source)], check=True)
    return program


@pytest.fixture
def place(program):
    """A directory with one for each race, in which any user may act, with the program under its names.

    It is not a temporary one of pytest's, which are root's alone.
    """
    with tempfile.TemporaryDirectory(prefix="falco-races-") as folder:
        place = Path(folder).resolve()
        place.chmod(0o755)
        for race in racing.RACES:
            _furnish(place / race, program)
        yield place


def _furnish(own, program):
    for name in (*racing.KINDS, *(f"away/{kind}" for kind in racing.KINDS), "bin", "bin2"):
        (own / name).mkdir(parents=True)
        (own / name).chmod(0o777)
    for name in ("bin/races-one", "bin/races-two", "bin/races-set", "bin2/races-one"):
        shutil.copy(program, own / name)
    os.chown(own / "bin/races-set", 1, -1)
    (own / "bin/races-set").chmod(0o4755)


@pytest.fixture
def load(tmp_path):
    """It goes on for as long as the test does."""
    folder = tmp_path.resolve() / "load"
    folder.mkdir()
    command = [sys.executable, str(Path(racing.__file__).with_name("loading.py")), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "ready\n"
        yield folder
        process.stdin.close()
        assert process.wait() == 0


def rules(place, races, load):
    """The text of the rules for races."""
    texts = []
    for race, condition in races.items():
        own = place / race
        seen = f"{own}/{SEEN_AT.get(race, '')}"
        texts.append(RULE.format(race=race, place=seen, condition=condition.format(place=own)))
    return "".join(texts) + BESIDE.format(place=load)


def run_all(place, races):
    """Have all races run beside each other, to their ends."""
    script = Path(racing.__file__)
    commands = [[sys.executable, str(script), race, str(place / race), str(ROUNDS)] for race in races]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen(command, env=environment) for command in commands]
    assert [process.wait() for process in running] == [0] * len(races)


def told(falco, place):
    """By race the paths that alerts name, each as often as it was told."""
    found: dict[str, Counter[str]] = {}
    for alert in (json.loads(line) for line in falco.output.splitlines() if f"{place}/" in line):
        found.setdefault(alert["rule"], Counter())[alert["output_fields"]["fs.path.name"]] += 1
    return found


def expected(place, races):
    """The same as it has to be."""
    places = {race: f"{place}/{race}/{SEEN_AT.get(race, '')}".removesuffix("/") for race in races}
    return {race: Counter(one.hit for one in racing.each(places[race], ROUNDS)) for race in races}


@pytest.mark.parametrize("mode", ["kept back", "marked"])
@pytest.mark.parametrize("group", GROUPS)
def test_every_act_is_told_by_its_rule_and_no_other_is(tmp_path, place, load, group, mode):
    races, path, stats = GROUPS[group], tmp_path / "rules.yaml", tmp_path / "stats"
    path.write_text(rules(place, races, load))
    options = ["--verify-filter"] if mode == "marked" else ["-s", str(stats)]
    with Product(tmp_path / "falco", [path], options, CONFIG) as falco:
        run_all(place, races)
        falco.catch_up()
        falco.stop()
    assert falco.said("event drop detected: 0 occurrences$")
    found = told(falco, place)
    wrong = {race: (hits - found.get(race, Counter()), found.get(race, Counter()) - hits)
             for race, hits in expected(place, races).items() if found.get(race) != hits}  # fmt: skip
    assert wrong == {}, "missing and too many"
    if mode == "marked":
        verified = falco.said(r"Filter verified: (\d+) calls would have been kept back, 0 of them match a rule$")
        assert verified and int(verified[1]) > 0
    else:
        assert json.loads(stats.read_text().splitlines()[-1])["by_event"]["openat"]["filtered"] > 0


LATE_S = 1.0
CONTAINERS, ACTS = 8, 300
WANTED = """
- rule: Wanted container
  desc: What a container is called is not known yet when it acts.
  condition: >
    evt.type in (open, openat) and evt.dir=< and fd.name startswith /tmp/act-
    and container.name startswith wanted- and container.image.repository = {repository}
  output: "%container.name %fd.name"
  priority: INFO
"""
ACTING = f"i=0; while [ $i -lt {ACTS} ]; do : > /tmp/act-$i; i=$((i+1)); done; sleep 60"


@pytest.fixture(scope="module")
def engines():
    with Engines() as engines:
        yield engines


@pytest.mark.parametrize("options", [[], ["--verify-filter"]], ids=["kept back", "marked"])
def test_what_a_container_does_before_its_name_is_known_is_told(tmp_path, engines, load, options):
    path, late = tmp_path / "rules.yaml", engines.docker.folder / "late"
    path.write_text(WANTED.format(repository=REPOSITORY) + BESIDE.format(place=load))
    config = CONFIG + engines.config(wait_ms=60_000, docker=late)
    with (
        Delaying(late, engines.docker.socket, LATE_S) as delaying,
        Product(tmp_path / "falco", [path], options, config) as falco,
    ):
        for n in range(CONTAINERS):
            for name in (f"wanted-{n}", f"other-{n}"):
                engines.docker.run("-d", "--name", name, IMAGE, "sh", "-c", ACTING)
        expected = Counter(f"wanted-{n} /tmp/act-{i}" for n in range(CONTAINERS) for i in range(ACTS))
        falco.wait_for(lambda: falco.output.count('"Wanted container"') >= expected.total())
        falco.catch_up()
        engines.docker.do("rm", "-f", *(f"{kind}-{n}" for kind in ("wanted", "other") for n in range(CONTAINERS)))
        falco.stop()
    late.unlink()
    assert delaying.connections
    assert falco.said("event drop detected: 0 occurrences$")
    alerts = [json.loads(line) for line in falco.output.splitlines() if '"Wanted container"' in line]
    fields = [alert["output_fields"] for alert in alerts]
    assert Counter(f"{each['container.name']} {each['fd.name']}" for each in fields) == expected
    assert options == [] or falco.said(r"Filter verified: [1-9]\d* calls would have been kept back, 0 of them match")
