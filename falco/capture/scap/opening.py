"""What a section of a capture begins with: its header, and the blocks that tell of the machine before any event."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.capture.scap import blocks, metadata
from falco.capture.scap.framing import block_size
from falco.errors import CaptureError

if TYPE_CHECKING:
    from falco.capture.scap.stream import Stream
    from falco.state.snapshot import Snapshot


class Opening:
    """Reads these blocks from a stream; on_block gets each, whole, before it is made sense of."""

    def __init__(self, stream: Stream, on_block: Callable[[bytes], None]) -> None:
        self._stream, self._on_block = stream, on_block

    def header(self) -> None:
        """Consume a section header; CaptureError unless it begins a capture that can be read."""
        stream = self._stream
        if not stream.available(8):
            raise stream.error("too short for a capture")
        if self._kind() != blocks.SECTION_HEADER:
            raise stream.error("not a .scap capture (no section header)")
        body = self._take()
        if len(body) < blocks.SECTION.size:
            raise stream.error("the section header is too short")
        magic, major, minor, _ = blocks.SECTION.unpack_from(body)
        if magic == blocks.MAGIC_SWAPPED:
            raise stream.error("the capture was written on a machine of the other byte order, which is not supported")
        if magic != blocks.MAGIC:
            raise stream.error(f"not a .scap capture (magic {magic:#x})")
        if major > 1:
            raise stream.error(f"capture format {major}.{minor} is newer than 1.x")

    def another_header(self) -> None:
        """Raise CaptureError unless what stands after events is a section header."""
        kind = self._kind()
        if kind != blocks.SECTION_HEADER:
            raise self._stream.error(f"block {kind:#x} after the first event")

    def fill(self, snapshot: Snapshot) -> None:
        """Consume all blocks before the next event's, adding what they tell to snapshot. Raises CaptureError."""
        stream = self._stream
        while stream.available(1):
            if not stream.available(8):
                raise stream.error("truncated inside a block header")
            kind = self._kind()
            kind = blocks.ALIASES.get(kind, kind)
            if kind in blocks.EVENT_BLOCKS:
                return
            offset = stream.offset + 8
            body = self._take()
            try:
                metadata.parse(kind, body, snapshot)
            except metadata.MetadataError as error:
                raise CaptureError(stream.path, offset + error.at, f"block {kind:#x}: {error}") from None

    def _kind(self) -> int:
        return int(blocks.COUNT.unpack_from(self._stream.buffer, self._stream.pos)[0])

    def _take(self) -> bytes:
        """Consume a block and return its body (padding included)."""
        stream = self._stream
        size = block_size(stream, blocks.MAX_METADATA)
        start, end = stream.pos, stream.pos + size
        (trailer,) = blocks.TRAILER.unpack_from(stream.buffer, end - 4)
        if trailer != size:
            raise stream.error(f"the block's two lengths differ: {size} and {trailer}")
        self._on_block(stream.buffer[start:end])
        stream.pos = end
        return stream.buffer[start + 8 : end - 4]
