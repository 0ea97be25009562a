"""Brings a compiled probe into the kernel as a plan wants it, and holds it there.

What the verifier or the kernel refuses is left out with its reason; the rest runs.
"""

from __future__ import annotations

import dataclasses
import errno
import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Self

from falco.capture.live import bpf
from falco.capture.probe.object import KERNELS_FUNCTION
from falco.errors import FalcoError

if TYPE_CHECKING:
    from falco.capture.live.kernel import Kernel, Table
    from falco.capture.probe.object import ProbeObject, ProgramSpec
    from falco.capture.probe.plan import Plan

_FD, _ID = struct.Struct("=i"), struct.Struct("=I")
_INSTRUCTION = 8
_CALL, _OF_KERNEL = 0x85, 2
"""A call of one of bpf's helpers; with 2 as its source register, of a function of the kernel's by its number in BTF."""
_GONE = -1
"""Stands for a link that could not be made again."""


class Loaded:
    """A probe in the kernel; nothing runs before attach(). meta are the notes on its making; left_out has programs by
    name, each with the reason.

    A program that is left out is neither called nor attached; what would call it finds an empty slot.
    """

    def __init__(
        self, probe: ProbeObject, plan: Plan, entries: Mapping[str, int] | None = None, kernel: Kernel = bpf
    ) -> None:
        """Create the maps, load the programs and fill the maps; BpfError if a map cannot be had.

        entries gives maps another size than they were compiled with (a ring buffer's are bytes).
        """
        self._plan, self._kernel, self.meta = plan, kernel, probe.meta
        self._values = {table: dict(values) for table, values in plan.arrays.items()}
        self.left_out: dict[str, str] = {}
        self.maps: dict[str, Table] = {}
        self._programs: dict[str, int] = {}
        self._ids: dict[str, int] = {}
        self._links: dict[str, int] = {}
        try:
            self._create_maps(probe, entries or {})
            self._load({p.name: p for p in probe.programs})
            self.fill()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def attach(self) -> None:
        """Let it run; FalcoError if not a single program could be attached."""
        for name, tracepoint in self._plan.tracepoints.items():
            if name in self._programs and name not in self._links:
                try:
                    self._links[name] = self._kernel.open_raw_tracepoint(tracepoint, self._programs[name])
                except bpf.BpfError as error:
                    self.left_out[name] = str(error)
        if not self._links:
            raise FalcoError("\n".join(("no part of the probe runs:", *self.left_out.values())))

    def change(self, probe: ProbeObject, plan: Plan) -> None:
        """Go over to another plan; BpfError. What both want runs on without a gap, in the same maps.

        probe is of the same text as the first one, compiled for the new plan; programs of the same name are the same.
        """
        calls = list(self._calls())
        values, self._values = self._values, {table: dict(values) for table, values in plan.arrays.items()}
        self._plan = plan
        self.left_out.clear()
        self._load({p.name: p for p in probe.programs})
        # Neither the new ones with the old arrays nor the old ones with the new arrays would do what they are to.
        calls = self._dispense_with(calls)
        self.fill()
        self.attach()
        self._clear(calls, values)

    def mend(self) -> None:
        """Write what the maps have to hold, and hang up again what hangs no more; BpfError."""
        self.fill()
        for name in self._links:
            if not self._hangs(name):
                self._hang_up_again(name)

    def reattach(self) -> None:
        """The same, but take every program off its tracepoint before; BpfError."""
        self.fill()
        for name in self._links:
            self._hang_up_again(name)

    def detach(self) -> None:
        """Take every program off its tracepoint: nothing more is sent."""
        for link in self._links.values():
            self._kernel.close(link)
        self._links.clear()

    def set(self, table: str, index: int, value: bytes) -> None:
        """Give an element of an array another value than the plan says; BpfError."""
        self.maps[table].update(index, value)
        self._values.setdefault(table, {})[index] = value

    def fill(self) -> None:
        """Write what the plan wants into its arrays and its maps of programs; BpfError."""
        # Programs first: a call that is wanted and has no program is lost. But those made for the arrays come last.
        self._fill_slots(dispensable=False)
        for table, values in self._values.items():
            for index, value in values.items():
                self.maps[table].update(index, value)
        self._fill_slots(dispensable=True)

    def _fill_slots(self, *, dispensable: bool) -> None:
        for table, index, name in self._calls():
            if (table in self._plan.dispensable) is dispensable:
                self.maps[table].update(index, _FD.pack(self._programs[name]))

    def wrong(self) -> Iterator[str]:
        """What is not as it was made: slots of maps, and programs that hang no more. A sentence for each."""
        for table, index, name in self._calls():
            if self._value(table, index) != _ID.pack(self._ids[name]):
                yield f"slot {index} of map {table} no longer holds program {name}"
        for table, values in self._values.items():
            for index, value in values.items():
                if self._value(table, index) != value:
                    yield f"value {index} of map {table} was changed"
        for name in self._links:
            if not self._hangs(name):
                yield f"program {name} no longer hangs on tracepoint {self._plan.tracepoints[name]}"

    def close(self) -> None:
        """Give everything back; what hangs on tracepoints comes off."""
        self.detach()
        for fd in self._programs.values():
            self._kernel.close(fd)
        self._programs.clear()
        for table in self.maps.values():
            table.close()

    def _create_maps(self, probe: ProbeObject, entries: Mapping[str, int]) -> None:
        for spec in probe.maps:
            sized = dataclasses.replace(spec, max_entries=entries.get(spec.name, spec.max_entries))
            self.maps[spec.name] = self._kernel.create_map(sized)

    def _load(self, programs: Mapping[str, ProgramSpec]) -> None:
        for name in self._plan.programs:
            if name in self._programs:
                continue
            if name not in programs:
                self.left_out[name] = f"program {name} is not in the compiled probe"
                continue
            try:
                self._programs[name] = self._kernel.load_program(
                    name, programs[name].type, self._linked(programs[name])
                )
            except bpf.BpfError as error:
                self.left_out[name] = str(error)
            else:
                self._ids[name] = self._kernel.program_id(self._programs[name])

    def _dispense_with(self, calls: list[tuple[str, int, str]]) -> list[tuple[str, int, str]]:
        """Empty the slots that can be done without; those that are left."""
        kept = [call for call in calls if call[0] not in self._plan.dispensable]
        for table, index, _ in calls:
            if table in self._plan.dispensable:
                self._empty(table, index)
        if kept != calls:
            # What still runs has looked at the old arrays, and could go on to a new program with what it found there.
            self._kernel.wait_for_programs()
        return kept

    def _clear(self, calls: list[tuple[str, int, str]], values: Mapping[str, dict[int, bytes]]) -> None:
        """Take away what an earlier plan had and this one has not: the wish for a call before its program."""
        for table, before in values.items():
            for index in before.keys() - self._values.get(table, {}).keys():
                self.maps[table].update(index, bytes(self.maps[table].spec.value_size))
        kept = {(table, index) for table, index, _ in self._calls()}
        for table, index, _ in calls:
            if (table, index) not in kept:
                self._empty(table, index)
        for name in self._links.keys() - self._plan.tracepoints.keys():
            self._kernel.close(self._links.pop(name))
        for name in self._programs.keys() - set(self._plan.programs):
            self._kernel.close(self._programs.pop(name))

    def _empty(self, table: str, index: int) -> None:
        try:
            self.maps[table].delete(index)
        except bpf.BpfError as error:
            if error.errno != errno.ENOENT:  # Somebody else, or a change that was not finished, has emptied it.
                raise

    def _linked(self, program: ProgramSpec) -> bytes:
        """The instructions with the fds of their maps, and with calls of the kernel's own functions marked as such."""
        code = bytearray(program.instructions)
        for offset, name in program.relocations:
            _FD.pack_into(code, offset, self.maps[name].fd)
        for at in range(0, len(code), _INSTRUCTION):
            (number,) = _FD.unpack_from(code, at + 4)
            if code[at] == _CALL and code[at + 1] >> 4 == 0 and number >= KERNELS_FUNCTION:
                code[at + 1] |= _OF_KERNEL << 4
                _FD.pack_into(code, at + 4, number - KERNELS_FUNCTION)
        return bytes(code)

    def _calls(self) -> Iterator[tuple[str, int, str]]:
        """Every slot that holds a program: map, index, program."""
        for table, slots in self._plan.tail_calls.items():
            for index, name in slots.items():
                if name in self._programs:
                    yield table, index, name

    def _value(self, table: str, index: int) -> bytes | None:
        try:
            return self.maps[table].lookup(index)
        except bpf.BpfError:
            return None

    def _hangs(self, name: str) -> bool:
        try:
            return self._kernel.linked_program(self._links[name]) == self._ids[name]
        except bpf.BpfError:
            return False

    def _hang_up_again(self, name: str) -> None:
        # First off, then on: were both there at once, every event would come twice. What is no link of ours any more is
        # left alone, its fd may be anybody's by now.
        if self._hangs(name):
            self._kernel.close(self._links[name])
        self._links[name] = _GONE
        self._links[name] = self._kernel.open_raw_tracepoint(self._plan.tracepoints[name], self._programs[name])
