"""Coverage-guided fuzz of the web server's endpoint, a part of `make fuzz`: python -m tests.fuzz.endpoint -runs=N

The bytes are what a client sends on one connection, or what it posts. Whatever comes, the answer is HTTP, what was
claimed of the queue is given back, and what waits can be read.
"""

from __future__ import annotations

import asyncio
import gzip
import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]  # only make fuzz installs it

from tests.conftest import CAPTURES

with atheris.instrument_imports(include=["falco.k8s_audit", "h11", "json"]):
    from falco.k8s_audit.connection import Connection, Patience
    from falco.k8s_audit.document import event_of
    from falco.k8s_audit.queue import AuditQueue
    from falco.k8s_audit.requests import Endpoint

HEAD = b"POST /k8s_audit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


class Writer:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.data = b""

    def get_extra_info(self, _name: str) -> None:
        return None

    def write(self, data: bytes) -> None:
        self.data += data

    async def drain(self) -> None:
        pass

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        pass


async def talk(data: bytes, queue: AuditQueue) -> bytes:
    """What comes back for these bytes."""
    reader, writer = asyncio.StreamReader(), Writer()
    reader.feed_data(data)
    reader.feed_eof()
    endpoint = Endpoint("/k8s_audit", queue)
    await Connection(reader, writer, endpoint, lambda _: None, Patience(linger_s=0)).serve()  # type: ignore[arg-type]
    return writer.data


def one_input(data: bytes) -> None:
    """The first byte chooses between a whole request, a body, and a body that claims to be packed."""
    kind, rest = data[:1], data[1:]
    if kind != b"r":
        packed = b"Content-Encoding: gzip\r\n" if kind == b"g" else b""
        rest = HEAD + packed + b"Content-Length: %d\r\n\r\n" % len(rest) + rest
    queue = AuditQueue(1 << 20)
    answers = asyncio.run(talk(rest, queue))
    assert not answers or answers.startswith(b"HTTP/1.1 ")
    assert len(answers) < 200 * (1 + rest.count(b"\n"))
    while (text := queue.take()) is not None:
        assert event_of(text).ts >= 0
    assert queue.used == 0


def seeds(folder: Path) -> None:
    """Write inputs to begin with: shipped events as bodies, and what a client may do besides."""
    event = b'{"auditID":"a","stageTimestamp":"2019-05-13T08:00:00Z"}'
    inputs = [b"b" + path.read_bytes()[:2000] for path in sorted((CAPTURES / "k8s_audit").glob("*.json"))]
    inputs += [
        b'b{"kind":"EventList","items":[' + event + b",7]}",
        b"g" + gzip.compress(event),
        b"r" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    for number, data in enumerate(inputs):
        (folder / str(number)).write_bytes(data)


if __name__ == "__main__":
    # What is found is lost with the folder: Fuzz() ends the process, and the parts of a failure are printed.
    corpus = Path(tempfile.mkdtemp())
    seeds(corpus)
    atheris.Setup([*sys.argv, f"-artifact_prefix={corpus}/", "-verbosity=0", str(corpus)], one_input)
    atheris.Fuzz()
