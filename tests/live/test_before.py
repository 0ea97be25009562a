"""Processes, files and sockets that were there before falco: right on the first event that falco sees of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.product import Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

WAITING = Path(__file__).with_name("waiting.py")
RULES = """
- rule: Socket
  desc: Use of a socket that was there before.
  condition: >
    evt.type in (sendto, recvfrom, accept, connect) and evt.dir=< and evt.rawres >= 0 and proc.cmdline contains {place}
  output: >
    %evt.type %fd.name %fd.type %fd.l4proto %fd.is_server %fd.sip %fd.sport %fd.cport %fd.connected %proc.name %proc.pid
  priority: INFO

- rule: File
  desc: Use of a file that was there before, by a process that was.
  condition: evt.type in (fchmod, openat) and evt.dir=< and fd.name startswith {place}
  output: >
    %evt.type %fd.name %fd.num %proc.name %proc.cmdline %proc.pname %proc.pid %proc.vpid %proc.exepath %user.name
    %proc.cwd %evt.arg.name %proc.aname[2] %proc.env
  priority: INFO
"""
IN_NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")


class Waiting:
    """waiting.py in a role, until it is told to go on."""

    def __init__(self, role, place, before=()):
        command = [*before, sys.executable, "-S", str(WAITING), role, str(place)]
        environment = {**os.environ, "TOKEN": role}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=place
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def go_on(self):
        self.process.communicate("\n", timeout=30)
        assert self.process.returncode == 0


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("before").resolve()


@pytest.fixture(scope="module")
def waiting(place):
    roles = {role: Waiting(role, place) for role in ("stream", "datagram", "file", "chrooted")}
    return {**roles, "plain": Waiting("plain", place, IN_NAMESPACE)}


@pytest.fixture(scope="module")
def falco(waiting, place, tmp_path_factory):
    folder = tmp_path_factory.mktemp("falco")
    (folder / "rules.yaml").write_text(RULES.format(place=place))
    with Product(folder, [folder / "rules.yaml"]) as falco:
        yield falco
    for each in waiting.values():
        each.process.kill()
        each.process.wait()


@pytest.fixture
def told(falco, waiting):
    """told(role): what alerts show of a process that went on."""

    def ask(role, rule):
        waiting[role].go_on()
        falco.catch_up()
        shown = [alert["output_fields"] for alert in falco.alerts(rule)]
        return [fields for fields in shown if role in fields.get("proc.cmdline", role)]

    return ask


def sockets_of(told, waiting, role):
    """What alerts show of its sockets; the names go from client to server, whichever end is asked."""
    return [fields for fields in told(role, "Socket") if fields["proc.pid"] == waiting[role].process.pid]


def test_both_ends_of_a_connection_know_which_they_are(told, waiting):
    shown = sockets_of(told, waiting, "stream")
    assert [fields["evt.type"] for fields in shown] == [
        "sendto", "recvfrom", "sendto", "recvfrom", "connect", "accept", "sendto", "recvfrom"
    ]  # fmt: skip
    assert {(f["fd.l4proto"], f["fd.type"], f["fd.connected"]) for f in shown} == {("tcp", "ipv4", True)}
    (server,) = {fields["fd.sport"] for fields in shown}
    for connection in shown[:4], shown[4:]:
        (client,) = {fields["fd.cport"] for fields in connection}
        assert {fields["fd.name"] for fields in connection} == {f"127.0.0.1:{client}->127.0.0.1:{server}"}
    assert shown[0]["fd.cport"] != shown[4]["fd.cport"]


def test_datagram_sockets_know_which_end_they_are(told, waiting):
    sent, received = sockets_of(told, waiting, "datagram")
    assert [(f["evt.type"], f["fd.l4proto"], f["fd.connected"]) for f in (sent, received)] == [
        ("sendto", "udp", True),
        ("recvfrom", "udp", False),
    ]
    assert sent["fd.name"] == received["fd.name"] == f"127.0.0.1:{sent['fd.cport']}->127.0.0.1:{sent['fd.sport']}"


def test_a_file_has_the_name_that_it_has_now(told, place, waiting):
    (shown,) = told("file", "File")
    assert (shown["evt.type"], shown["fd.name"]) == ("fchmod", f"{place}/late")
    assert shown["proc.pid"] == waiting["file"].process.pid
    assert shown["proc.cwd"] == f"{place}/"
    assert "TOKEN=file" in shown["proc.env"]


def test_a_chroot_is_seen_from_the_host(told, place):
    (shown,) = told("chrooted", "File")
    assert (shown["fd.name"], shown["evt.arg.name"]) == (f"{place}/root/inside", "/inside")
    assert shown["proc.name"] == Path(sys.executable).name
    assert shown["proc.exepath"] == str(Path(sys.executable).resolve())


def test_a_process_of_a_namespace_has_both_numbers(told, place, waiting):
    (shown,) = told("plain", "File")
    assert shown["fd.name"] == f"{place}/plain"
    assert shown["proc.vpid"] == 1
    assert shown["proc.pid"] not in (1, waiting["plain"].process.pid)
    assert shown["proc.pname"] == "unshare"
    assert shown["user.name"] == "root"
