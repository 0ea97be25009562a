from __future__ import annotations

import http.client
import json
from types import SimpleNamespace
from typing import Any

from falco.commands.audit import AuditInForce, Listening, limited
from falco.config_schema import Webserver
from falco.k8s_audit.event import AuditEvent


def test_a_reload_changes_the_rules():
    first, second = SimpleNamespace(match=lambda _: "first"), SimpleNamespace(match=lambda _: "second")
    rules = AuditInForce(first)  # type: ignore[arg-type]
    event = AuditEvent({}, 0)
    assert rules.match(event) == "first"  # type: ignore[comparison-overlap]
    rules.change(second)  # type: ignore[arg-type]
    assert rules.match(event) == "second"  # type: ignore[comparison-overlap]


def test_a_limit_counts_from_the_first_event():
    events: Any = [AuditEvent({}, second * 10**9) for second in (5, 6, 7, 8)]
    assert len(list(limited(events, 0))) == 4
    assert len(list(limited(events, 2))) == 2


def listening(found, **settings):
    rules = AuditInForce(SimpleNamespace(match=lambda event: f"rule {event.num}"))  # type: ignore[arg-type]
    wanted = Webserver(listen_address="127.0.0.1", listen_port=0, **settings)
    return Listening(wanted, rules, lambda rule, event: found.append((rule, event.json["auditID"])))


def post(made, *names):
    items = [{"auditID": name, "stageTimestamp": "2019-05-13T08:00:00Z"} for name in names]
    client = http.client.HTTPConnection("127.0.0.1", made._server.port, timeout=10)
    client.request("POST", "/k8s_audit", json.dumps({"items": items}), {"Content-Type": "application/json"})
    status = client.getresponse().status
    client.close()
    return status


def test_what_waits_at_the_end_is_still_held_against_the_rules():
    found: list[tuple[str, str]] = []
    made = listening(found)
    made.start()
    assert post(made, "a", "b") == 200
    assert found == []
    made.stop()
    assert (found, made.num) == ([("rule 1", "a"), ("rule 2", "b")], 2)


def test_events_have_their_turn_whenever_it_is_asked_whether_to_go_on():
    found: list[tuple[str, str]] = []
    made = listening(found)
    made.start()
    answers = iter((True, False))
    go_on = made.beside(lambda: next(answers), lambda: 0.0)
    assert go_on()
    assert post(made, "a") == 200
    assert not go_on()
    assert found == [("rule 1", "a")]
    made.stop()


def test_without_anything_else_to_do_it_goes_on_until_told_to_stop():
    found: list[tuple[str, str]] = []
    made = listening(found)
    made.start()
    assert post(made, "a") == 200
    made.alone(lambda: not found)
    assert found == [("rule 1", "a")]
    made.stop()


def test_settings_that_changed_are_taken_up_at_the_next_start(caplog):
    made = listening([])
    with caplog.at_level("WARNING", "falco"):
        made.reload(made._settings)
        assert caplog.text == ""
        made.reload(Webserver(queue_mb=1))
    made.stop()
    assert "changed settings are taken up when Falco starts the next time" in caplog.text


def test_while_system_calls_pile_up_events_wait_and_clients_are_turned_away():
    found: list[tuple[str, str]] = []
    made = listening(found)
    made.start()
    fill = 0.5
    go_on = made.beside(lambda: True, lambda: fill)
    assert post(made, "a") == 200
    assert go_on()
    assert (found, post(made, "b")) == ([], 429)
    fill = 0.1
    assert go_on()
    assert (found, post(made, "b")) == ([("rule 1", "a")], 200)
    made.stop()
