"""Servers that ask who is there: each way in which a destination of the network can show it, against the real thing.

With what is right every alert arrives; with what is wrong none does, the log says so once, and delivery goes on trying.
"""

from __future__ import annotations

import asyncio
import base64
import email
import json
import os
import ssl
import subprocess
from pathlib import Path
from typing import Any

import nats
import nkeys
import paho.mqtt.client as paho
import pytest
import redis
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.sinks.servers import free_port, running, until
from tests.sinks.stores import drained, fill, told
from tests.sinks.subscriber import listening

COUNT = 40


@pytest.fixture
def expected(store):
    """The ids that have to arrive."""
    return [alert.id for alert in fill(store, COUNT)]


class Signed:
    """An operator of NATS, an account and a user of it, as `nsc` would make them."""

    def __init__(self, folder: Path) -> None:
        account = nkeys.PREFIX_BYTE_ACCOUNT
        kinds = {"operator": nkeys.PREFIX_BYTE_OPERATOR, "system": account, "account": account}
        kinds["user"] = nkeys.PREFIX_BYTE_USER
        self._keys = {
            kind: nkeys.from_seed(nkeys.encode_seed(os.urandom(32), prefix)) for kind, prefix in kinds.items()
        }
        free = dict.fromkeys(("subs", "data", "payload"), -1)
        limits = free | dict.fromkeys(("imports", "exports", "conn", "leaf"), -1) | {"wildcards": True}
        streams = dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), -1)
        self._accounts = {
            "system": self._token("system", "operator", {"limits": limits, "type": "account"}),
            "account": self._token("account", "operator", {"limits": limits | streams, "type": "account"}),
        }
        self._operator = self._token("operator", "operator", {"type": "operator"})
        user = self._token("user", "account", free | {"pub": {}, "sub": {}, "type": "user"})
        self.credentials = folder / "user.creds"
        self.credentials.write_text(self._file(user, self._keys["user"].seed.decode()))
        self.foreign = folder / "foreign.creds"
        stranger = nkeys.from_seed(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER))
        self.foreign.write_text(self._file(user, stranger.seed.decode()))

    def configuration(self) -> str:
        preload = "".join(f"{self._public(name)}: {token}\n" for name, token in self._accounts.items())
        system = f"system_account: {self._public('system')}\n"
        return f"operator: {self._operator}\n{system}resolver: MEMORY\nresolver_preload {{\n{preload}}}\n"

    def _public(self, kind: str) -> str:
        return str(self._keys[kind].public_key.decode())

    def _token(self, kind: str, issuer: str, about: dict[str, object]) -> str:
        claims = {"jti": kind, "iat": 1_700_000_000, "name": kind, "nats": about | {"version": 2}}
        claims |= {"iss": self._public(issuer), "sub": self._public(kind)}
        parts = [json.dumps(part).encode() for part in ({"typ": "JWT", "alg": "ed25519-nkey"}, claims)]
        text = b".".join(map(_base64, parts))
        return b".".join((text, _base64(self._keys[issuer].sign(text)))).decode()

    @staticmethod
    def _file(token: str, seed: str) -> str:
        return (
            f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@pytest.mark.parametrize("way", ["password", "token", "credentials"])
def test_nats(tmp_path, store, expected, pki, secret, way):
    port = free_port()
    signed = Signed(tmp_path)
    ways: dict[str, tuple[str, list[str], list[str], dict[str, Any]]] = {
        "password": (
            'authorization { user: falco, password: "pw" }\n',
            ["user=falco", f"password_file={secret('pw')}"],
            ["user=falco", f"password_file={secret('other')}"],
            {"user": "falco", "password": "pw"},
        ),
        "token": (
            'authorization { token: "T0K3N" }\n',
            [f"token_file={secret('T0K3N')}"],
            [f"token_file={secret('T1K3N')}"],
            {"token": "T0K3N"},
        ),
        "credentials": (
            signed.configuration(),
            [f"credentials_file={signed.credentials}"],
            [f"credentials_file={signed.foreign}"],
            {"user_credentials": str(signed.credentials)},
        ),
    }
    asks, right, wrong, reader_options = ways[way]
    (tmp_path / "conf").write_text(
        f'listen: 127.0.0.1:{port}\njetstream {{ store_dir: "{tmp_path}/js" }}\n'
        f'tls {{ cert_file: "{pki}/server.pem", key_file: "{pki}/server.key" }}\n{asks}'
    )
    settings = [f"url=tls://localhost:{port}", "stream=FALCO", f"ca_file={pki}/ca.pem"]

    async def read():
        context = ssl.create_default_context(cafile=pki / "ca.pem")
        client = await nats.connect(f"tls://localhost:{port}", tls=context, **reader_options)
        reader = await client.jetstream().subscribe("falco.alerts", ordered_consumer=True)
        found = [await reader.next_msg(timeout=10) for _ in range(COUNT)]
        await client.close()
        return [(message.headers or {})["Nats-Msg-Id"] for message in found]

    with running(["nats-server", "-c", tmp_path / "conf"], port, tmp_path):
        told("nats", store, "Authorization Violation", *settings, *wrong)
        drained("nats", store, *settings, *right)
        assert asyncio.run(read()) == expected


@pytest.mark.parametrize("trust", ["ca_file", "check_certificate"])
def test_redis_as_a_user_that_may_only_add_to_one_stream(tmp_path, store, expected, pki, secret, trust):
    port = free_port()
    (tmp_path / "conf").write_text(
        f"dir {tmp_path}\nport 0\ntls-port {port}\ntls-auth-clients no\ntls-cert-file {pki}/server.pem\n"
        f"tls-key-file {pki}/server.key\ntls-ca-cert-file {pki}/ca.pem\n"
        "user default off\nuser falco on >pw ~falco -@all +xadd\nuser reader on >pw2 ~* +@all\n"
    )
    trusting = f"ca_file={pki}/ca.pem" if trust == "ca_file" else "check_certificate=false"
    settings = [f"url=rediss://localhost:{port}", "user=falco", trusting]
    with running(["redis-server", tmp_path / "conf"], port, tmp_path):
        told("redis", store, "invalid username-password pair", *settings, f"password_file={secret('pw2')}")
        drained("redis", store, *settings, f"password_file={secret('pw')}")
        with redis.Redis(
            "localhost", port, username="reader", password="pw2", decode_responses=True, ssl=True,
            ssl_ca_certs=str(pki / "ca.pem"),
        ) as client:  # fmt: skip
            assert [entry["id"] for _, entry in client.xrange("falco")] == expected


@pytest.mark.parametrize("kind", ["password", "mtls", "password and mtls"])
def test_mqtt(tmp_path, store, expected, pki, secret, kind):
    port = free_port()
    passwords = tmp_path / "passwords"
    for words in (["-c", "-b", passwords, "falco", "pw"], ["-b", passwords, "reader", "pw2"]):
        subprocess.run(["mosquitto_passwd", *words], check=True, capture_output=True)
    lines = [f"listener {port} 127.0.0.1", "max_queued_messages 0", "user root"]
    settings, wrong = [f"url=mqtt{'s' if 'mtls' in kind else ''}://localhost:{port}"], []
    right, refusal = [], ""
    if "mtls" in kind:
        lines += [f"cafile {pki}/ca.pem", f"certfile {pki}/server.pem", f"keyfile {pki}/server.key"]
        lines += ["require_certificate true"]
        settings += [f"ca_file={pki}/ca.pem"]
        certificate = [f"cert_file={pki}/client.pem", f"key_file={pki}/client.key"]
        right += certificate
    if "password" in kind:
        lines += ["allow_anonymous false", f"password_file {passwords}"]
        right += ["user=falco", f"password_file={secret('pw')}"]
        wrong += ["user=falco", f"password_file={secret('pw2')}", *([] if kind == "password" else certificate)]
        refusal = "refused with reason code 0x87"
    else:
        lines += ["allow_anonymous true"]
        refusal = "the broker has hung up"
    (tmp_path / "conf").write_text("\n".join(lines) + "\n")
    with running(["mosquitto", "-c", tmp_path / "conf"], port, tmp_path):
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, "reader", protocol=paho.MQTTv5)  # type: ignore[attr-defined]
        if "mtls" in kind:
            client.tls_set(str(pki / "ca.pem"), str(pki / "client.pem"), str(pki / "client.key"))
        if "password" in kind:
            client.username_pw_set("reader", "pw2")
        with listening(client, port) as found:
            told("mqtt", store, refusal, *settings, *wrong)
            assert found == []
            drained("mqtt", store, *settings, *right)
            until(lambda: len(found) >= COUNT, "mosquitto")
    assert found == expected


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_smtp(store, expected, pki, secret, scheme):
    found: list[str] = []

    class Box:
        async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd looks for this name
            found.append(email.message_from_bytes(envelope.content)["X-Falco-Alert-Id"])
            return "250 OK"

    def known(_server, _session, _envelope, _mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"falco", b"pw"), handled=False)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pki / "server.pem", pki / "server.key")
    options: dict[str, Any] = {"authenticator": known, "auth_required": True}
    if scheme == "smtps":
        options |= {"ssl_context": context, "auth_require_tls": False}  # It is there before aiosmtpd begins.
    else:
        options |= {"tls_context": context}
    controller = Controller(Box(), hostname="localhost", port=free_port(), **options)
    controller.start()
    try:
        settings = [f"url={scheme}://localhost:{controller.port}", "sender=a@x", "recipients=[b@x]", "user=falco"]
        settings += [f"ca_file={pki}/ca.pem"]
        told("smtp", store, "535", *settings, f"password_file={secret('other')}")
        assert found == []
        drained("smtp", store, *settings, f"password_file={secret('pw')}")
    finally:
        controller.stop()
    assert found == expected
