"""Alerts as mails, by SMTP: plain, with STARTTLS or over TLS."""

from __future__ import annotations

import contextlib
import email.message
import email.policy
import email.utils
import smtplib
import socket
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from falco.forwarders import secret, tls
from falco.forwarders.destination import RefusedError, TryLaterError
from falco.forwarders.text import line

if TYPE_CHECKING:
    from falco.config_forwarders import Smtp
    from falco.store.record import StoredAlert

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_SUBJECT = 150


class SmtpDestination:
    """One mail for each alert, its id in the Message-ID."""

    batch = 20

    def __init__(self, settings: Smtp) -> None:
        """ValueError for a URL that is none."""
        url = urlsplit(settings.url)
        if url.scheme not in _PORTS or not url.hostname:
            raise ValueError(f"{settings.url}: expected smtp://HOST, smtp+starttls://HOST or smtps://HOST")
        self._settings = settings
        self._scheme, self._host, self._port = url.scheme, url.hostname, url.port or _PORTS[url.scheme]
        self._client: smtplib.SMTP | None = None

    def send(self, alerts: Sequence[StoredAlert]) -> Iterator[int]:
        for alert in alerts:
            self._send(alert)
            yield 1

    def idle(self) -> None:
        """Servers end idle connections soon, so none is kept."""
        self.close()

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                client.quit()

    def _send(self, alert: StoredAlert) -> None:
        try:
            client = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            raise TryLaterError(f"{self._settings.url}: {error}") from None
        try:
            client.send_message(self._mail(alert), self._settings.sender, self._settings.recipients)
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            raise _judged(min(codes), f"recipients refused: {error.recipients}") from None
        except smtplib.SMTPResponseException as error:
            raise _judged(error.smtp_code, f"{error.smtp_code} {error.smtp_error!r}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise TryLaterError(f"{self._settings.url}: {error}") from None

    def _connected(self) -> smtplib.SMTP:
        if self._client is None:
            settings = self._settings
            if self._scheme == "smtps":
                context = tls.context(settings)
                client: smtplib.SMTP = smtplib.SMTP_SSL(
                    self._host, self._port, timeout=settings.timeout, context=context
                )
            else:
                client = smtplib.SMTP(self._host, self._port, timeout=settings.timeout)
            try:
                if self._scheme == "smtp+starttls":
                    client.starttls(context=tls.context(settings))
                if settings.user:
                    client.login(settings.user, secret.read(settings.password_file))
            except BaseException:
                client.close()
                raise
            self._client = client
        return self._client

    def _mail(self, alert: StoredAlert) -> email.message.EmailMessage:
        mail = email.message.EmailMessage(email.policy.SMTP)
        text = line(alert)
        mail["Subject"] = f"[Falco] {alert.priority.label}: {text.partition(': ')[2]}"[:_SUBJECT]
        mail["From"] = self._settings.sender
        mail["To"] = ", ".join(self._settings.recipients)
        mail["Date"] = email.utils.formatdate(alert.time_ns / 1e9)
        mail["Message-ID"] = f"<{alert.id}@{socket.gethostname() or 'falco'}>"
        mail["X-Falco-Alert-Id"] = alert.id
        mail.set_content(f"{text}\n\nRule: {_one_line(alert.rule)}\nAlert: {alert.id}\n\n{alert.json}\n")
        return mail


def _judged(code: int, what: str) -> TryLaterError | RefusedError:
    """5xx about a mail is for good, but not when it is about who we are (530 to 538)."""
    return RefusedError(what) if 500 <= code < 600 and not 530 <= code < 540 else TryLaterError(what)


def _one_line(text: str) -> str:
    return " ".join(text.split())
