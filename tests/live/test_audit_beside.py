"""System calls and Kubernetes audit events at once in one process: neither is lost or held up for the other."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading

import pytest

from tests.live.product import Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

POSTED, BATCH, MARKS = 20_000, 200, 23
RULE = """
- rule: Every hundredth
  desc: An event whose number ends in 00
  condition: ka.stage=hundred
  output: "%ka.auditid"
  priority: INFO
  source: k8s_audit
"""


def batch(start):
    items = [
        {"auditID": str(number), "stage": "other" if number % 100 else "hundred", "verb": "get",
         "user": {"username": "jane"}, "stageTimestamp": "2019-05-13T08:00:00Z"}
        for number in range(start, start + BATCH)
    ]  # fmt: skip
    return json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": items})


def post(port, failures):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for start in range(0, POSTED, BATCH):
        client.request("POST", "/k8s_audit", batch(start), {"Content-Type": "application/json"})
        answer = client.getresponse()
        answer.read()
        if answer.status != 200:
            failures.append(answer.status)
    client.close()


def test_both_sources_at_once(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULE)
    config = f"webserver: {{enabled: true, listen_address: 127.0.0.1, listen_port: {port}}}\n"
    failures: list[int] = []
    with Product(tmp_path / "falco", [rules], config=config) as falco:
        clients = threading.Thread(target=post, args=(port, failures))
        clients.start()
        for _ in range(MARKS):
            falco.catch_up()  # A file is opened, and its alert waited for.
        clients.join()
        falco.wait_for_alerts(POSTED // 100, "Every hundredth")
    assert failures == []
    assert [int(alert["output"].rpartition(" ")[2]) for alert in falco.alerts("Every hundredth")] == list(
        range(0, POSTED, 100)
    )
    assert len(falco.alerts("Mark")) == MARKS
    assert falco.said("events were lost") is None
    assert falco.said(f"{POSTED} events were accepted, 0 could not be read")
