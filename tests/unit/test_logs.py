from __future__ import annotations

import logging
import re
import syslog

import pytest

from falco import logs
from falco.priority import Priority


@pytest.fixture(autouse=True)
def quiet_afterwards():
    yield
    logs.setup()


def test_lines_carry_the_time_of_0_15(capsys):
    logs.setup()
    logs.LOG.info("Loading rules")
    pattern = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}: Loading rules\n"
    assert re.fullmatch(pattern, capsys.readouterr().err)


def test_iso_8601_is_utc(capsys):
    logs.setup(iso_8601=True)
    logs.LOG.handlers[0].emit(logging.makeLogRecord({"msg": "hello", "created": 1470327477.9}))
    assert capsys.readouterr().err == "2016-08-04T16:17:57+0000: hello\n"


def test_level_is_a_floor(capsys):
    logs.setup(Priority.WARNING)
    logs.LOG.info("no")
    logs.LOG.warning("yes")
    err = capsys.readouterr().err
    assert err.endswith(": yes\n")
    assert err.count("\n") == 1


def test_a_message_stays_one_line(capsys):
    logs.setup()
    logs.LOG.error("x\nMon: forged \x1b[2J")
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "\x1b" not in err


def test_syslog_gets_the_severity(monkeypatch):
    sent = []
    monkeypatch.setattr(syslog, "syslog", lambda severity, text: sent.append((severity, text)))
    logs.setup(stderr=False, to_syslog=True)
    logs.LOG.error("broken")
    logs.LOG.log(logs.LEVELS[Priority.NOTICE], "noted")
    assert sent == [(syslog.LOG_ERR, "broken"), (syslog.LOG_NOTICE, "noted")]


def test_without_any_place_nothing_is_written(capsys):
    logs.setup(stderr=False)
    logs.LOG.error("nowhere")
    assert capsys.readouterr() == ("", "")
