from __future__ import annotations

import json
import time

import pytest

from falco.alert import Alert
from falco.outputs.format import Formatter, encode, quote
from falco.priority import Priority

AT = 1470327477882054739


def alert(text="An open was seen", source="syscall", fields=None, rule="open_from_cat"):
    return Alert(AT, rule, Priority.WARNING, source, text, fields or {})


@pytest.fixture(autouse=True)
def berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_text_begins_with_the_local_time():
    assert Formatter().line(alert()) == "18:17:57.882054739: Warning An open was seen"


def test_text_in_iso_8601_is_utc():
    line = Formatter(iso_8601=True).line(alert())
    assert line == "2016-08-04T16:17:57.882054739+0000: Warning An open was seen"


def test_json_has_the_bytes_of_0_15():
    fields = {"proc.name": "cat", "fd.num": 3, "proc.tty": None, "evt.is_io": True, "proc.aname[2]": "sh"}
    assert Formatter(json_output=True).line(alert(fields=fields)) == (
        '{"output":"18:17:57.882054739: Warning An open was seen","priority":"Warning","rule":"open_from_cat",'
        '"time":"2016-08-04T16:17:57.882054739Z", "output_fields": {"evt.is_io":true,"evt.time":1470327477882054739,'
        '"fd.num":3,"proc.aname[2]":"sh","proc.name":"cat","proc.tty":null}}'
    )


def test_json_without_the_output_property():
    assert Formatter(json_output=True, include_output=False).line(alert()) == (
        '{"priority":"Warning","rule":"open_from_cat","time":"2016-08-04T16:17:57.882054739Z", '
        '"output_fields": {"evt.time":1470327477882054739}}'
    )


def test_json_with_iso_8601_names_the_other_time_field():
    parsed = json.loads(Formatter(json_output=True, iso_8601=True).line(alert()))
    assert parsed["output"].startswith("2016-08-04T16:17:57.882054739+0000: ")
    assert parsed["output_fields"] == {"evt.time.iso8601": AT}


def test_audit_alerts_have_their_time_as_text():
    line = Formatter(json_output=True).line(alert(source="k8s_audit", fields={"ka.verb": "create"}))
    assert json.loads(line)["output_fields"] == {"jevt.time": "18:17:57.882054739", "ka.verb": "create"}


def test_internal_alerts_are_written_the_other_way():
    internal = Alert(AT, "Falco internal: x", Priority.CRITICAL, "internal", "Falco internal: x.", {"n": 2, "b": "1"})
    assert Formatter(json_output=True).line(internal) == (
        '{"output":"Falco internal: x.","output_fields":{"b":"1","n":"2"},"priority":"Critical",'
        '"rule":"Falco internal: x","time":"2016-08-04T16:17:57.882054739Z"}'
    )
    assert Formatter().line(internal) == "18:17:57.882054739: Critical Falco internal: x.(b=1 n=2)"


def test_the_time_follows_from_one_second_to_the_next():
    formatter = Formatter(iso_8601=True)
    lines = [formatter.line(Alert(ns, "r", Priority.DEBUG, "syscall", "", {}))[:30] for ns in (AT, AT + 10**9, AT)]
    assert lines == [
        "2016-08-04T16:17:57.882054739+",
        "2016-08-04T16:17:58.882054739+",
        "2016-08-04T16:17:57.882054739+",
    ]


FORGERIES = ["a\n18:00:00.0: Critical forged", "\x1b[2Ka\r", "\x9b2J\x00", "a\u2028b\x85c\u202ed", "\udcff\udc0a"]


@pytest.mark.parametrize("text", FORGERIES)
@pytest.mark.parametrize("json_output", [False, True])
def test_no_text_leaves_its_line_or_steers_the_terminal(text, json_output):
    line = Formatter(json_output=json_output).line(alert(text, fields={"a" + text: text}, rule=text))
    line.encode()
    assert len(line.splitlines()) == 1
    assert line.isprintable()


@pytest.mark.parametrize("text", ["plain", 'quote " and \\', "\b\f\n\r\t", "\x01\x1b\x7f\x9b", "é漢\U0001f600", ""])
def test_json_reads_back(text):
    assert json.loads(quote(text)) == text


def test_hexadecimal_digits_are_capitals_as_jsoncpp_writes_them():
    assert quote("\x1b") == '"\\u001B"'


def test_numbers():
    values = {"a": 0.1, "b": float("nan"), "c": 2**64, "d": -1, "e": False, "f": float("inf")}
    assert encode(values) == '{"a":0.10000000000000001,"b":null,"c":18446744073709551616,"d":-1,"e":false,"f":null}'
