"""What is asked of the kernel about maps and programs: bpf.py asks the real one, tests stand in for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from falco.capture.probe.object import MapSpec


class Table(Protocol):
    """A map in the kernel, made as spec says. Each raises BpfError."""

    spec: MapSpec

    @property
    def fd(self) -> int:
        """What programs and mmap know it by."""
        ...

    def lookup(self, key: int | bytes) -> bytes: ...

    def lookup_cpus(self, key: int | bytes) -> tuple[bytes, ...]: ...

    def update(self, key: int | bytes, value: bytes) -> None: ...

    def add(self, key: int | bytes, value: bytes) -> None: ...

    def delete(self, key: int | bytes) -> None: ...

    def close(self) -> None: ...


class Kernel(Protocol):
    """What is asked of the kernel, as falco.capture.live.bpf does it; each raises BpfError."""

    def create_map(self, spec: MapSpec) -> Table: ...

    def load_program(self, name: str, kind: int, code: bytes) -> int: ...

    def program_id(self, program: int) -> int: ...

    def open_raw_tracepoint(self, tracepoint: str, program: int) -> int: ...

    def linked_program(self, link: int) -> int: ...

    def wait_for_programs(self) -> None: ...

    def close(self, fd: int) -> None: ...
