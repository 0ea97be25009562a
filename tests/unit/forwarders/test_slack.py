from __future__ import annotations

import json

from falco.config_forwarders import Slack
from falco.forwarders.slack import SlackDestination, escaped
from falco.priority import Priority
from tests.unit.forwarders.samples import NASTY, stored


def message(server, alert, **settings):
    server.requests.clear()
    destination = SlackDestination(Slack(url=server.url, **settings))
    assert list(destination.send([alert])) == [1]
    destination.close()
    return json.loads(server.requests[0].body)


def test_a_message_has_text_and_fields(server):
    sent = message(server, stored(priority=Priority.CRITICAL))
    assert sent["text"] == "*Critical*: Write below etc"
    assert sent["username"] == "Falco"
    assert "channel" not in sent
    (attachment,) = sent["attachments"]
    assert attachment["text"] == "16:17:57.882054739: Critical An open was seen"
    assert {"title": "proc.name", "value": "An open was seen", "short": True} in attachment["fields"]
    assert message(server, stored(), channel="#x")["channel"] == "#x"


def test_nobody_can_be_called_by_a_file_name(server):
    text = json.dumps(message(server, stored(text=NASTY, rule=NASTY)))
    assert "<" not in text
    assert escaped("<!channel> & x") == "&lt;!channel&gt; &amp; x"
    assert len(escaped("x" * 10_000)) == 3000
