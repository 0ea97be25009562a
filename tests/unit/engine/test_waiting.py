"""Events that wait, in the time of events: real rules and outputs, and alerts that are written down."""

from __future__ import annotations

import logging

from falco.engine.bind import BoundRule
from falco.engine.ruleset import Ruleset
from falco.engine.waiting import Waiting
from falco.events.table import codes_named
from falco.fields.registry import SYSCALL_FIELDS
from falco.fields.template_compiler import compile_template
from falco.filter.check import check
from falco.filter.parser import parse_condition
from falco.state import fetching
from falco.state.container_events import compose
from falco.state.containers import Container, stub
from falco.state.state import State
from tests.events import Builder, process
from tests.unit.engine.rules import on, rule

ID = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
SHORT = ID[:12]
WEB = Container(SHORT, 0, name="web", image="a/web:1", repository="a/web", tag="1", privileged=True)
EXECVE, OPEN, CONTAINER = (codes_named(name) for name in ("execve", "open", "container"))
WAIT = 500_000_000
STARTED = (
    "((evt.type = container or (evt.type = execve and evt.dir = < and proc.vpid = 1)) "
    "and container.image.repository != incomplete)"
)


class Alerts:
    def __init__(self, outputs):
        self.outputs, self.given = outputs, []

    def output(self, rule):
        return self.outputs[rule.name]

    def emit(self, rule, event):
        self.given.append((event.ts, rule.name, self.outputs[rule.name].text(event)))

    def emit_later(self, rule, output, event):
        self.given.append((event.ts, rule.name, output.text(event)))


class Scene:
    """Rules as (name, condition, output) over a state; at() lets an event come."""

    def __init__(self, *rules, wait=WAIT, most=8192):
        self.state = State()
        bound = [
            BoundRule(rule(name, node), node, on(*EXECVE, *OPEN, *CONTAINER))
            for name, condition, _ in rules
            for node in [check(parse_condition(condition, "x"), SYSCALL_FIELDS)]
        ]
        self.alerts = Alerts({name: compile_template(output, SYSCALL_FIELDS) for name, _, output in rules})
        self.waiting = Waiting(self.state, Ruleset(bound), self.alerts, wait, most)
        self.builder = Builder(self.state)
        self.tid = 100

    def at(self, ts, symbol, **values):
        event = self.builder.event(symbol, ts=ts, **values)
        if not event.hidden:
            found = self.waiting.match(event)
            if found is not None:
                self.alerts.emit(found, event)

    def runs(self, ts, comm, vpid=1, path=f"/docker/{ID}"):
        """A process of the container executes a program."""
        self.tid += 1
        thread = process(self.tid, comm="runc")
        thread.vpid = vpid
        self.state.add_thread(thread)
        self.executes(ts, comm, path)

    def executes(self, ts, comm, path=f"/docker/{ID}"):
        """The last process executes another program."""
        self.at(ts, "SYSCALL_EXECVE_19_X", tid=self.tid, exe=comm, comm=comm, cgroups=[f"cpu={path}"])

    def told(self, ts, container=WEB):
        self.at(ts, "CONTAINER_JSON_E", tid=-1, json=compose(container).decode())

    @property
    def given(self):
        return self.alerts.given


NAMED = ("named", 'evt.type = execve and container.name = "web"', "%proc.name in %container.name")
ANY = ("any", "evt.type = execve and container.id != host", "%proc.name in %container.id")
ANY_NAMED = (
    "any named",
    "evt.type = execve and container.id != host",
    "%proc.name in %container.name of %container.image",
)


def test_an_event_waits_for_the_answer_and_is_decided_by_it():
    scene = Scene(NAMED)
    scene.runs(1000, "sh")
    assert scene.given == [] and scene.waiting.held == 1
    scene.told(2000)
    assert scene.given == [(1000, "named", "sh in web")]
    scene.runs(3000, "ls", vpid=2)
    assert scene.given[1:] == [(3000, "named", "ls in web")] and scene.waiting.unanswered == 0


def test_an_answer_may_decide_against():
    scene = Scene(NAMED)
    scene.runs(1000, "sh")
    scene.told(2000, Container(SHORT, 0, name="other"))
    assert scene.given == []


def test_without_an_answer_it_is_decided_by_what_0_15_would_have_had():
    scene = Scene(
        NAMED,
        (
            "incomplete",
            "evt.type = execve and container.image.repository = incomplete",
            "%proc.name of %container.image",
        ),
    )
    scene.runs(1000, "sh")
    scene.runs(1000 + WAIT, "ls", vpid=2)
    assert scene.given == []
    scene.waiting.pass_time(1001 + WAIT)
    assert scene.given == [(1000, "incomplete", "sh of <NA>")]
    scene.told(1002 + WAIT)
    assert scene.given[1:] == [(1000 + WAIT, "named", "ls in web")]
    assert scene.waiting.held == 2 and scene.waiting.unanswered == 1


def test_an_answer_that_comes_too_late_does_not_decide():
    scene = Scene(NAMED)
    scene.runs(1000, "sh")
    scene.told(1001 + WAIT)
    assert scene.given == []


def test_what_is_known_needs_no_answer():
    scene = Scene(ANY)
    scene.runs(1000, "sh")
    assert scene.given == [(1000, "any", f"sh in {SHORT}")] and scene.waiting.held == 0


def test_an_output_waits_as_well():
    scene = Scene(ANY_NAMED)
    scene.runs(1000, "sh")
    assert scene.given == []
    scene.told(2000)
    assert scene.given == [(1000, "any named", "sh in web of a/web:1")]


def test_the_first_rule_that_matches_gives_the_alert_whichever_could_be_decided_first():
    scene = Scene(NAMED, ANY)
    scene.runs(1000, "sh")
    scene.runs(1001, "ls", vpid=2)
    scene.told(2000)
    assert [name for _, name, _ in scene.given] == ["named", "named"]
    other = Scene(NAMED, ANY)
    other.runs(1000, "sh")
    other.told(2000, Container(SHORT, 0, name="other"))
    assert other.given == [(1000, "any", f"sh in {SHORT}")]
    before = Scene(ANY, NAMED)
    before.runs(1000, "sh")
    assert before.given == [(1000, "any", f"sh in {SHORT}")]


def test_what_was_read_of_the_event_is_of_its_time():
    scene = Scene(NAMED)
    scene.runs(1000, "sh")
    scene.executes(1500, "x")
    scene.told(2000)
    assert [text for _, _, text in scene.given] == ["sh in web", "x in web"]


def test_other_containers_and_the_host_do_not_wait():
    scene = Scene(NAMED, ("host", "evt.type = execve and container.id = host", "%proc.name"))
    scene.runs(1000, "sh")
    scene.runs(1001, "cron", path="/system.slice/cron.service")
    assert scene.given == [(1001, "host", "cron")]


def test_a_failed_lookup_decides_at_once():
    scene = Scene(ANY_NAMED)
    scene.runs(1000, "sh")
    scene.told(1500, stub(SHORT, missing="docker: refused"))
    assert scene.given[0] == (1000, "any named", "sh in <NA> of <NA>")
    scene.runs(1600, "ls", vpid=2)
    assert scene.given[-1] == (1600, "any named", "ls in <NA> of <NA>")


def test_a_container_that_nobody_answers_about_is_not_waited_for_any_more():
    scene = Scene(ANY_NAMED)
    scene.runs(1000, "sh")
    scene.runs(1001 + fetching.LONGEST_NS, "ls", vpid=2)
    assert [text for _, _, text in scene.given] == ["sh in <NA> of <NA>", "ls in <NA> of <NA>"]


def test_the_end_decides_what_waits():
    scene = Scene(ANY_NAMED)
    scene.runs(1000, "sh")
    scene.waiting.finish()
    assert [ts for ts, _, _ in scene.given] == [1000]


def test_time_passes_without_events():
    scene = Scene(ANY_NAMED)
    now = [1000]
    going_on = scene.waiting.ticking(lambda: True, lambda: now[0])
    scene.runs(1000, "sh")
    assert going_on() and scene.given == []
    now[0] += WAIT + 1
    assert going_on() and len(scene.given) == 1


def test_a_full_queue_decides_the_oldest_and_says_so(caplog):
    caplog.set_level(logging.WARNING)
    scene = Scene(ANY_NAMED, most=2)
    for number in range(5):
        scene.runs(1000 + number, "sh", vpid=2)
    assert [ts for ts, _, _ in scene.given] == [1000, 1001, 1002] and len(caplog.records) == 1
    scene.told(2000)
    assert sorted(ts for ts, _, _ in scene.given[3:]) == [1003, 1004]


PRIVILEGED = ("privileged", f"{STARTED} and container.privileged = true", "%proc.cmdline in %container.name")


def test_a_start_gives_one_alert_when_the_process_comes_first():
    scene = Scene(PRIVILEGED)
    scene.runs(1000, "sh")
    scene.told(2000)
    scene.waiting.finish()
    assert scene.given == [(1000, "privileged", "sh in web")]


def test_a_start_gives_one_alert_when_the_answer_comes_first():
    scene = Scene(PRIVILEGED)
    scene.runs(1000, "runc", vpid=4)
    scene.told(2000)
    assert scene.given == []
    scene.runs(3000, "sh")
    scene.waiting.finish()
    assert scene.given == [(3000, "privileged", "sh in web")]


def test_a_start_whose_process_was_not_seen_gives_the_answers_alert():
    scene = Scene(PRIVILEGED)
    scene.runs(1000, "sh", vpid=200)  # With the host's process ids.
    scene.told(2000)
    assert scene.given == []
    scene.waiting.pass_time(2001 + WAIT)
    assert scene.given == [(2000, "privileged", f"container:{SHORT} in web")]


def test_a_process_that_gives_another_alert_leaves_the_answer_its_own():
    shell = ("shell", "evt.type = execve and proc.name = sh", "%proc.name")
    scene = Scene(shell, PRIVILEGED)
    scene.runs(1000, "runc", vpid=4)
    scene.told(2000)
    scene.runs(3000, "sh")
    scene.waiting.finish()
    assert [(ts, name) for ts, name, _ in scene.given] == [(3000, "shell"), (2000, "privileged")] or [
        (ts, name) for ts, name, _ in scene.given
    ] == [(2000, "privileged"), (3000, "shell")]
    assert len(scene.given) == 2


def test_a_restart_is_another_start():
    scene = Scene(PRIVILEGED)
    scene.runs(1000, "sh")
    scene.told(2000)
    scene.runs(3000, "sh")
    assert [ts for ts, _, _ in scene.given] == [1000, 3000]


def test_memory_of_starts_is_bounded():
    scene = Scene(PRIVILEGED)
    for number in range(3000):
        scene.runs(1000 + number, "sh", path=f"/docker/{number:064x}")
    assert len(scene.waiting._starts) <= 1024
