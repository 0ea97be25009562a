from __future__ import annotations

import email
import email.policy

import pytest
from aiosmtpd.controller import Controller

from falco.config_forwarders import Smtp
from falco.forwarders.destination import RefusedError, TryLaterError
from falco.forwarders.smtp import SmtpDestination
from tests.unit.forwarders.samples import NASTY, stored


class Box:
    def __init__(self):
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.url = ""
        self.answers: list[str] = []

    async def handle_DATA(  # noqa: N802 - aiosmtpd looks for this name
        self, server, session, envelope
    ):
        if self.answers:
            return self.answers.pop(0)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"


@pytest.fixture
def box(closed_port):
    handler = Box()
    controller = Controller(handler, hostname="127.0.0.1", port=closed_port)
    controller.start()
    handler.url = f"smtp://127.0.0.1:{closed_port}"
    yield handler
    controller.stop()


def destination(url):
    return SmtpDestination(Smtp(url=url, sender="falco@x", recipients=("a@x", "b@x"), timeout=5))


def test_one_mail_for_each_alert_with_its_id(box):
    sender = destination(box.url)
    assert list(sender.send([stored(1), stored(2)])) == [1, 1]
    sender.close()
    assert [(sent, to) for sent, to, _ in box.mails] == [("falco@x", ["a@x", "b@x"])] * 2
    mail = email.message_from_bytes(box.mails[1][2], policy=email.policy.default)
    assert mail["Subject"] == "[Falco] Warning: Warning An open was seen"
    assert mail["Message-ID"].startswith(f"<{stored(2).id}@")
    assert stored(2).json in mail.get_content()


def test_a_file_name_makes_no_header(box):
    sender = destination(box.url)
    list(sender.send([stored(text="x\r\nBcc: evil@x\r\n\r\n" + NASTY, rule="r\nBcc: e@x")]))
    sender.close()
    mail = email.message_from_bytes(box.mails[0][2], policy=email.policy.default)
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [("552 too large", RefusedError), ("451 greylisted", TryLaterError), ("530 login", TryLaterError)],
)
def test_answers(box, answer, error, closed):
    box.answers = [answer]
    with pytest.raises(error, match=answer[:3]):
        list(closed(destination(box.url)).send([stored()]))


def test_nobody_listening(closed_port):
    with pytest.raises(TryLaterError, match="refused"):
        list(destination(f"smtp://127.0.0.1:{closed_port}").send([stored()]))


def test_what_is_no_url_of_smtp():
    with pytest.raises(ValueError, match="expected smtp://HOST"):
        destination("localhost:25")
