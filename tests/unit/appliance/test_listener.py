import io
import json

import pytest

from falco.appliance import place
from falco.appliance.listener import Listener

DETECTOR = "processname:detector groupname:detector from_state:RUNNING"


def message(name, payload):
    return f"ver:3.0 server:supervisor serial:1 pool:end poolserial:1 eventname:{name} len:{len(payload)}\n{payload}"


def serve(tmp_path, *messages):
    ends: list[int] = []
    said: list[str] = []
    answers = io.BytesIO()
    listener = Listener(tmp_path, lambda: ends.append(1), said.append)
    listener.serve(io.BytesIO("".join(messages).encode()), answers)
    return ends, said, answers.getvalue()


def outcome(tmp_path):
    return json.loads((tmp_path / place.OUTCOME).read_text())


def test_the_detectors_end_ends_the_container_with_its_last_words(tmp_path):
    log = message(
        "PROCESS_LOG_STDERR", "processname:detector groupname:detector pid:7 channel:stderr\nfirst\nlast: words\n\n"
    )
    gone = message("PROCESS_STATE_EXITED", f"{DETECTOR} expected:0 pid:7")
    ends, said, answers = serve(tmp_path, log, gone)
    assert ends == [1] and not said
    assert outcome(tmp_path) == {"status": 1, "reason": "last: words"}
    assert answers == b"READY\nRESULT 2\nOKREADY\nRESULT 2\nOKREADY\n"


@pytest.mark.parametrize("time", ["", "2026-11-25T14:30:12+0000: ", "Wed Nov  5 14:30:12 2026: "])
def test_the_reason_is_what_falco_calls_an_error_and_its_mend(tmp_path, time):
    lines = (
        f"{time}Runtime error: no probe. Tried:",
        f"{time}BTF: it does not exist",
        f"{time}To mend it: install headers. Exiting.",
        "Events detected: 0",
    )
    logs = [
        message("PROCESS_LOG_STDERR", f"processname:detector groupname:x pid:7 channel:stderr\n{line}\n")
        for line in lines
    ]
    serve(tmp_path, *logs, message("PROCESS_STATE_EXITED", f"{DETECTOR} expected:0 pid:7"))
    assert outcome(tmp_path)["reason"] == "no probe. Tried: To mend it: install headers."


def test_an_end_that_was_meant_is_no_failure(tmp_path):
    serve(tmp_path, message("PROCESS_STATE_EXITED", f"{DETECTOR} expected:1 pid:7"))
    assert outcome(tmp_path)["status"] == 0


def test_a_detector_that_could_not_be_started_ends_the_container(tmp_path):
    ends, _, _ = serve(tmp_path, message("PROCESS_STATE_FATAL", f"{DETECTOR}"))
    assert ends == [1] and outcome(tmp_path)["status"] == 1


def test_a_forwarders_end_is_told_and_ends_nothing(tmp_path):
    log = message(
        "PROCESS_LOG_STDERR", "processname:forwarder-kafka groupname:x pid:8 channel:stderr\nnot the reason\n"
    )
    gone = message(
        "PROCESS_STATE_EXITED", "processname:forwarder-kafka groupname:x from_state:RUNNING expected:0 pid:8"
    )
    ends, said, _ = serve(tmp_path, log, gone)
    assert not ends and said == ["forwarder-kafka (process 8) ended and is started again"]
    assert not (tmp_path / place.OUTCOME).exists()


def test_a_reason_has_an_end(tmp_path):
    log = message("PROCESS_LOG_STDERR", "processname:detector groupname:x pid:7 channel:stderr\n" + "x" * 5000)
    serve(tmp_path, log, message("PROCESS_STATE_EXITED", f"{DETECTOR} expected:0 pid:7"))
    assert len(outcome(tmp_path)["reason"]) == 1000
