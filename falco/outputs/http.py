"""Alerts posted to a URL, one request for each, as 0.15 does with libcurl: a JSON content type, no redirects followed.

Proxies are those of the environment (http_proxy, https_proxy, no_proxy). What has to arrive for certain goes by
`falco-forwarder webhook` instead, which keeps alerts until they are taken.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import TYPE_CHECKING

from falco import VERSION

if TYPE_CHECKING:
    from email.message import Message
    from typing import IO

    from falco.outputs.output import Line


class HttpOutput:
    """Posts each alert, with an end to waiting for a server that accepts and never answers."""

    name = "http"
    buffered = False

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(_NoRedirects)

    def open(self) -> None:
        """Check the URL; the server may start after us."""
        if not self._url.startswith(("http://", "https://")):
            raise OSError(f"{self._url}: not a URL of HTTP")

    def write(self, lines: Sequence[Line]) -> int:
        headers = {"Content-Type": "application/json", "User-Agent": f"falco/{VERSION}"}
        request = urllib.request.Request(self._url, lines[0][0], headers, method="POST")
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                answer.read(1 << 16)
        except urllib.error.HTTPError as error:
            with error:
                raise OSError(f"the server answered {error.code} {error.reason}") from None
        except urllib.error.URLError as error:
            raise OSError(str(error.reason)) from None
        except (ValueError, http.client.HTTPException) as error:  # The URL, or an answer that is not HTTP.
            raise OSError(str(error) or type(error).__name__) from None
        return 1

    def reopen(self) -> None:
        """Nothing to do: nothing is kept open."""

    def close(self) -> None:
        """Nothing to do: nothing is kept open."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Follow none: a POST would become a GET."""
