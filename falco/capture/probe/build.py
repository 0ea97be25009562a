"""Builds the probe for the running kernel: from the cache, or with the first source of headers that compiles.

Offsets are those of the kernel's BTF wherever it has any, whatever headers are used, because BTF is the kernel's own;
without it matching headers are asked for them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from falco import VERSION
from falco.capture.probe.btf import Btf, BtfError
from falco.capture.probe.cache import Cache, CacheError, cache_key, kernel_build_id
from falco.capture.probe.compile import FAILED, NO_BCC, NOT_ALLOWED, CompileError, Job, compile_in_child, scratch_place
from falco.capture.probe.headers import ABSENT, BTF, Attempt, Tree, find_headers
from falco.capture.probe.install import install_command
from falco.capture.probe.layout import layout_from_btf, layout_from_headers, missing_in_btf, reads_directly
from falco.capture.probe.shim import write_shim
from falco.errors import FalcoError
from falco.logs import LOG

if TYPE_CHECKING:
    from falco.capture.probe.object import ProbeObject

GENERATOR = "2"
"""To be raised when the same C text is compiled to something else: part of the cache's key."""
MISSING = "missing"
"""The note in a probe about members of structures that the kernel does not have."""
READS, WITHOUT_CALLS = "reads", "directly"
"""The note about how it reads structures of the kernel's, and what it says where that takes no calls."""
BY_CALLS = "-DBY_CALLS"
"""The flag that has the C text read them by calls whatever the kernel lets it do (c/runtime.h)."""
FLOOR = (5, 8)
"""The first kernel version with a ring buffer for programs."""

_MENDING = {
    NO_BCC: "apt-get install python3-bpfcc (Debian, Ubuntu; python3-bcc elsewhere)",
    NOT_ALLOWED: "run as root, or with the capabilities BPF and PERFMON",
}


class ProbeError(FalcoError):
    """The probe cannot be built; the message says what was tried, why each failed, and what mends it.

    by_text is what the compiler said where it had headers and refused the text: another text may fare better.
    """

    in_lines = True
    by_text = ""


@dataclasses.dataclass(frozen=True, slots=True)
class _Kernel:
    """What the kernel tells of itself. btf is empty where it has none, and then btf_problem says why."""

    release: str
    build_id: str
    btf: bytes
    btf_place: str
    btf_problem: str


@dataclasses.dataclass(frozen=True, slots=True)
class Plain:
    """A probe without some programs, which is kept beside the one that has them; text_for gives its C text."""

    text_for: Callable[[str], str]
    without: frozenset[str]

    def of(self, probe: ProbeObject, key: str) -> ProbeObject:
        """What is kept of a probe, under this key."""
        programs = tuple(program for program in probe.programs if program.name not in self.without)
        return dataclasses.replace(probe, programs=programs, meta=probe.meta | {"key": key})


def build_probe(  # noqa: PLR0913 - an object that holds the arguments would be made for this one call
    text_for: Callable[[str], str],
    host_root: Path,
    release: str,
    cache: Cache | None,
    *,
    cflags: tuple[str, ...] = (),
    system: Path = Path("/sys"),
    compiler: Callable[[Job], ProbeObject] = compile_in_child,
    plain: Plain | None = None,
) -> ProbeObject:
    """The compiled probe for the kernel of this release. Raises ProbeError.

    text_for gives the C text with a text of definitions (see layout) in it. cflags hold its sizes (-DRING_PAGES=...).
    plain is kept too once it was compiled.
    """
    _require_floor(release)
    kernel = _ask(release, system, host_root)
    machine = os.uname().machine
    key = _key(text_for, cflags, kernel)
    probe = _from_cache(cache, key)
    if not probe:
        build = _Build(text_for, cflags, compiler, kernel, host_root)
        try:
            with tempfile.TemporaryDirectory(prefix="falco-probe-", dir=scratch_place()) as scratch:
                probe = build.run(_sources(kernel, host_root, Path(scratch), system))
        except OSError as error:
            raise ProbeError(f"the probe cannot be built in {scratch_place()}: {error.strerror}") from None
        notes = {"key": key, "release": release, "machine": machine, "falco": VERSION}
        probe = dataclasses.replace(probe, meta=probe.meta | notes)
        _to_cache(cache, key, probe)
        if plain is not None:
            _to_cache(cache, plain_key := _key(plain.text_for, cflags, kernel), plain.of(probe, plain_key))
    if missing := probe.meta.get(MISSING):
        LOG.warning("probe: this kernel has no %s; what that tells is left out", missing)
    return probe


def _key(text_for: Callable[[str], str], cflags: tuple[str, ...], kernel: _Kernel) -> str:
    # The text without a layout, and what the layout is made of, stand for the text with it.
    sources = (GENERATOR, VERSION, text_for(""), layout_from_headers(), "\0".join(cflags))
    btf_hash = hashlib.sha256(kernel.btf).digest()
    return cache_key(*sources, os.uname().machine, kernel.release, kernel.build_id, btf_hash)


def _require_floor(release: str) -> None:
    found = re.match(r"(\d+)\.(\d+)", release)
    if not found:
        raise ProbeError(f"the kernel's release {release!r} begins with no version")
    if (int(found[1]), int(found[2])) < FLOOR:
        raise ProbeError(
            f"kernel {release} is too old: the probe needs {FLOOR[0]}.{FLOOR[1]} or newer, which have the BPF ring "
            "buffer. A newer kernel mends that; captures can be replayed with -e on any."
        )


def _ask(release: str, system: Path, host_root: Path) -> _Kernel:
    try:
        notes = (system / "kernel/notes").read_bytes()
    except OSError:
        notes = b""  # the release and the BTF still tell kernels apart
    problem = ""
    for place in (system / "kernel/btf/vmlinux", host_root / "sys/kernel/btf/vmlinux"):
        try:
            return _Kernel(release, kernel_build_id(notes), place.read_bytes(), str(place), "")
        except OSError as error:
            problem = problem or error.strerror or str(error)
    return _Kernel(release, kernel_build_id(notes), b"", str(system / "kernel/btf/vmlinux"), problem)


def _from_cache(cache: Cache | None, key: str) -> ProbeObject | None:
    try:
        probe = cache.load(key) if cache else None
    except CacheError as error:
        LOG.warning("probe: the cache is not used, and the probe built anew: %s", error)
        return None
    if probe:
        LOG.info("probe: from the cache, built with %s", probe.meta.get("source"))
    return probe


def _to_cache(cache: Cache | None, key: str, probe: ProbeObject) -> None:
    try:
        if cache:
            cache.store(key, probe)
    except CacheError as error:
        LOG.warning("probe: it cannot be kept for the next start: %s", error)


def _sources(kernel: _Kernel, host_root: Path, scratch: Path, system: Path) -> Iterator[Attempt]:
    """Every source of headers in its order."""
    unpacked, shim = scratch / "unpacked", scratch / "shim"
    unpacked.mkdir()
    yield from find_headers(host_root, kernel.release, unpacked, system)
    if kernel.btf:
        write_shim(shim, kernel.release)
        yield Attempt(BTF, kernel.btf_place, Tree(shim))
    else:
        yield Attempt(BTF, kernel.btf_place, reason=kernel.btf_problem)


class _Build:
    """One build: what was tried so far, and why it failed."""

    def __init__(
        self,
        text_for: Callable[[str], str],
        cflags: tuple[str, ...],
        compiler: Callable[[Job], ProbeObject],
        kernel: _Kernel,
        host_root: Path,
    ) -> None:
        self._text_for, self._cflags, self._compiler = text_for, cflags, compiler
        self._kernel, self._host_root = kernel, host_root
        self._tried: list[str] = []
        self._absent: list[str] = []
        self._missing = ""
        self._by_text = ""
        self._layout = self._layout_of_btf()

    def run(self, sources: Iterator[Attempt]) -> ProbeObject:
        """Compile with the first source that serves. Raises ProbeError."""
        for attempt in sources:
            what = f"{attempt.kind} {attempt.place}"
            if not attempt.tree:
                self._give_up(what, attempt.reason)
            elif attempt.kind == BTF and not self._layout:
                self._give_up(what, "it cannot be used")
            elif probe := self._compile(attempt.tree, what):
                return probe
        raise self._failure(FAILED)

    def _layout_of_btf(self) -> str:
        """The layout by BTF, empty where there is none that can be used."""
        if not self._kernel.btf:
            return ""
        try:
            btf = Btf(self._kernel.btf)
            layout, missing = layout_from_btf(btf), missing_in_btf(btf)
        except BtfError as error:
            self._give_up(self._kernel.btf_place, str(error))
            return ""
        self._missing = ", ".join(missing)
        return layout

    def _compile(self, tree: Tree, what: str) -> ProbeObject | None:
        text = self._text_for(self._layout or layout_from_headers())
        begin = time.monotonic()
        try:
            probe = self._compiler(Job(text, str(tree.directory), self._cflags + tree.cflags))
        except CompileError as error:
            self._give_up(what, str(error))
            if error.reason in _MENDING:  # another source would fare no better
                raise self._failure(error.reason) from None
            self._by_text = str(error)
            return None
        offsets = "BTF" if self._layout else "these headers"
        self._tell_absent()
        LOG.info("probe: built with %s, offsets from %s, in %.1f s", what, offsets, time.monotonic() - begin)
        reads = WITHOUT_CALLS if reads_directly(self._layout) and BY_CALLS not in self._cflags else "by calls"
        notes = {"source": what, "offsets": offsets, READS: reads, MISSING: self._missing}
        return dataclasses.replace(probe, meta=probe.meta | {name: note for name, note in notes.items() if note})

    def _give_up(self, what: str, reason: str) -> None:
        self._tried.append(f"{what}: {reason}")
        if reason == ABSENT:
            self._absent.append(what)
        else:
            self._tell_absent()
            LOG.info("probe: not with %s: %s", what, reason)

    def _tell_absent(self) -> None:
        """In one line: on most hosts it is most of the places."""
        if self._absent:
            LOG.info("probe: none of these is there: %s", ", ".join(self._absent))
            self._absent.clear()

    def _failure(self, reason: int) -> ProbeError:
        mending = _MENDING.get(reason) or install_command(self._host_root, self._kernel.release)
        tried = "".join("\n  " + line.replace("\n", "\n    ") for line in self._tried)
        error = ProbeError(
            f"the probe cannot be built for kernel {self._kernel.release}. Tried:{tried}\nTo mend it: {mending}"
        )
        error.by_text = self._by_text
        return error
