"""Requests to an HTTP server: connection, proof of who we are, and what each answer means."""

from __future__ import annotations

import datetime
import email.utils
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import requests

from falco import VERSION
from falco.forwarders import secret
from falco.forwarders.destination import RefusedError, TryLaterError

if TYPE_CHECKING:
    from falco.config_forwarders import HttpForwarder

_LATER = {401, 407, 408, 421, 425, 429}
"""Refusals that are not about the alert: who we are, or when."""
_SHOWN = 200
_OBJECT = re.compile(r"<[^<>]* object at 0x[0-9a-f]+>:? ?")


class HttpClient:
    """Posts to one URL, over a connection that is kept."""

    def __init__(self, settings: HttpForwarder) -> None:
        self._settings = settings
        self._session: requests.Session | None = None
        self._url = ""
        self._verify: bool | str | None = None if settings.check_certificate else False
        if settings.check_certificate and settings.ca_file:
            self._verify = settings.ca_file
        self._cert: str | tuple[str, str] | None = settings.cert_file or None
        if settings.cert_file and settings.key_file:
            self._cert = (settings.cert_file, settings.key_file)

    def post(
        self, data: bytes, headers: Mapping[str, str], path: str = "", *, whole: bool = False
    ) -> requests.Response:
        """The answer to a post, if it is a success. TryLaterError; RefusedError, for a whole batch if whole says so."""
        session = self._opened()
        try:
            answer = session.post(
                self._url + path,
                data,
                headers=headers,
                timeout=self._settings.timeout,
                allow_redirects=False,
                # With each request: what a session has for this, REQUESTS_CA_BUNDLE in the environment overrides.
                verify=self._verify,
                cert=self._cert,
            )
        except requests.RequestException as error:
            raise TryLaterError(_reason(error)) from None
        if answer.ok and not answer.is_redirect:
            return answer
        what = f"the server answered {answer.status_code} {answer.reason}{_detail(answer)}"
        if answer.status_code in _LATER or not 400 <= answer.status_code < 500:
            raise TryLaterError(what, retry_after_s(answer.headers.get("Retry-After")))
        raise RefusedError(what, whole=whole)

    def close(self) -> None:
        """Let go of the connection; secrets and certificates are read anew for the next one."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _opened(self) -> requests.Session:
        if self._session is None:
            settings = self._settings
            self._url = (settings.url or secret.read(settings.url_file)).rstrip("/")
            made = requests.Session()
            made.headers.update({"User-Agent": f"falco-forwarder/{VERSION}"} | self._headers())
            made.auth = _auth(settings)
            self._session = made
        return self._session

    def _headers(self) -> dict[str, str]:
        lines = secret.read(self._settings.headers_file).splitlines()
        pairs = (line.partition(":") for line in lines if line.strip())
        return {name.strip(): value.strip() for name, _, value in pairs}


class _Auth(requests.auth.AuthBase):
    """The Authorization header, which ~/.netrc must not replace."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._value:
            request.headers["Authorization"] = self._value
        return request


def _auth(settings: HttpForwarder) -> requests.auth.AuthBase:
    if settings.token_file:
        return _Auth(f"Bearer {secret.read(settings.token_file)}")
    if settings.user:
        return requests.auth.HTTPBasicAuth(settings.user, secret.read(settings.password_file))
    return _Auth("")


def retry_after_s(value: str | None, now: float | None = None) -> float | None:
    """What a Retry-After header asks for: seconds, or a date."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        at = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
    return max(0.0, at.timestamp() - (time.time() if now is None else now))


def _reason(error: requests.RequestException) -> str:
    """What urllib3 says went wrong, without the addresses of objects, which make each time another text of it."""
    inner: object = error.args[0] if error.args else error
    inner = getattr(inner, "reason", inner)
    return f"{type(error).__name__}: {_OBJECT.sub('', str(inner))}"


def _detail(answer: requests.Response) -> str:
    text = " ".join(answer.text[:_SHOWN].split())
    return f": {text}" if text else ""
