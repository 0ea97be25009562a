"""Rules as code: one Python function that gives the index of the first of several conditions that holds.

The function is made as text, deterministic and printable. Text of rules reaches it only as bound constants; what these
stand for is listed by Code.legend(). A line's mark is the index of the rule that it serves first.
"""

from __future__ import annotations

import dataclasses
import linecache
import types
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, cast

from falco.filter.ast import Node, Not
from falco.filter.candidates import Plan, Planner, Step, bits_of
from falco.filter.expressions import EMPTY, Expressions, Known, Names
from falco.filter.fold import Terms
from falco.filter.patterns import Glob, Memo, Networks, PathPrefixes
from falco.filter.uses import Uses
from falco.filter.writer import CodeWriter

if TYPE_CHECKING:
    from falco.events.event import Event

Match = Callable[["Event"], int]
"""Event -> index of the first rule whose condition holds, -1 if none does."""
CHUNK = 16
"""How many rules stand under one test of their candidate bits."""


@dataclasses.dataclass(frozen=True, slots=True)
class Code:
    """A compiled function with its text; marks maps a line of it to the index of the rule that it serves."""

    match: Match
    filename: str
    text: str
    marks: Mapping[int, int]
    meanings: Mapping[str, object]

    def legend(self) -> str:
        """One comment line for each constant, in ASCII."""
        return "".join(f"# {name} = {shown(meaning)}\n" for name, meaning in self.meanings.items())

    def mark_of(self, traceback: types.TracebackType | None) -> int | None:
        """The index of the rule whose line an exception passed through, None if it came from elsewhere."""
        found = None
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == self.filename:
                found = self.marks.get(traceback.tb_lineno, found)
            traceback = traceback.tb_next
        return found


def shown(meaning: object) -> str:
    """A constant as one line of ASCII, sets in order."""
    match meaning:
        case frozenset():
            return "{" + ", ".join(sorted(map(shown, meaning))) + "}"
        case tuple():
            return "(" + ", ".join(map(shown, meaning)) + ")"
        case PathPrefixes(prefixes):
            return "below " + shown(frozenset("/" + "/".join(prefix) for prefix in prefixes))
        case Networks(networks):
            return "within " + shown(frozenset(map(str, networks)))
        case Glob(pattern):
            return f"like {pattern!a}"
        case _:
            return ascii(meaning)


class Compiler:
    """Compiles conditions that are canonical in one Terms."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._planner = Planner(terms)

    def compile(self, name: str, title: str, rules: Sequence[tuple[int, Node]]) -> Code:
        """The function `name` for (index, condition) pairs in the order in which they are tried.

        title is the function's comment; it and name must not hold text of rules.
        """
        plan = self._planner.plan([node for _, node in rules])
        function = _Function(name, title, rules, plan)
        text = function.text()
        filename = f"<rules {name}>"
        namespace = {**function.names.namespace, "Memo": Memo}
        # Checked conditions cannot make text that does not compile, so an error here is a defect and is not caught.
        exec(compile(text, filename, "exec"), namespace)
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        match = cast("Match", namespace[name])
        return Code(match, filename, text, function.marks, function.names.meanings)


def compile_filter(bound: Node) -> Callable[[Event], bool]:
    """A function that tells whether a bound condition holds for an event."""
    terms = Terms()
    node = terms.canonical(bound)
    if isinstance(node, bool):
        answer = node
        return lambda event: answer
    match = Compiler(terms).compile("match_filter", "", [(0, node)]).match
    return lambda event: match(event) == 0


class _Function:
    """Writes one function: steps that narrow the candidates, shared parts that they need, then the candidates."""

    def __init__(self, name: str, title: str, rules: Sequence[tuple[int, Node]], plan: Plan) -> None:
        self.names = Names()
        self._name, self._title, self._steps = name, title, plan.steps
        self._indexes = [index for index, _ in rules]
        self._open = list(plan.open)
        self._everyone = (1 << len(rules)) - 1
        self._expressions = Expressions(self.names)
        self._writer = CodeWriter()

    @property
    def marks(self) -> Mapping[int, int]:
        return self._writer.marks

    def text(self) -> str:
        for number, step in enumerate(self._steps):
            if step.inexact:
                self._write_memo(number, step)
        if self._title:
            self._writer.write(f"# {self._title}")
        with self._writer.block(f"def {self._name}(event):"):
            start = self._writer.here()
            for number, step in enumerate(self._steps):
                self._write_step(number, step)
            self._write_shared()
            self._write_rules()
            if self._steps or self._open[-1]:  # A last rule that always matches leaves nothing to say.
                self._writer.write("return -1")
        if self._expressions.lazy:
            self._writer.insert(start, " = ".join((*self._expressions.lazy, EMPTY)))
        return self._writer.text

    def _bits(self, bits: int) -> str:
        return hex(bits) if bits < 1 << 64 else self.names.constant(bits)

    def _mark(self, bits: int) -> int:
        return self._indexes[next(iter(bits_of(bits)))]

    def _known(self, bits: int) -> Known:
        """The fields that the steps have read if any of these rules is still a candidate."""
        return frozenset(step.field.key for step in self._steps if bits & ~step.readers == 0)

    def _if(self, text: str, mark: int) -> AbstractContextManager[None]:
        if "\n" not in text:
            return self._writer.block(f"if {text}:", mark)
        self._writer.write(f"if (\n    {text}", mark)
        return self._writer.block("):", mark)

    def _write_memo(self, number: int, step: Step) -> None:
        """The function for what no list of values answers, behind a memo."""
        value, mark = self.names.value(step.field), self._mark(step.readers)
        with self._writer.block(f"def bits{number}({value}):"):
            self._writer.write(f"may = {self._answer(step, value)}", mark)
            for condition, bits in step.inexact:
                expression = Expressions(self.names).write(condition, frozenset((step.field.key,)))
                with self._if(expression.text, self._mark(bits)):
                    self._writer.write(f"may |= {self._bits(bits)}")
            self._writer.write("return may")
        self._writer.write(f"memo{number} = Memo(bits{number})\n")

    def _answer(self, step: Step, value: str) -> str:
        if set(step.answers.values()) == {step.otherwise}:
            return self._bits(step.otherwise)
        get = self.names.stand_in(step.answers.get, tuple(step.answers.items()))
        return f"{get}({value}, {self._bits(step.otherwise)})"

    def _write_step(self, number: int, step: Step) -> None:
        mark = self._mark(step.readers)
        guarded = number > 0 and step.readers != self._everyone
        with self._writer.block(f"if may & {self._bits(step.readers)}:", mark) if guarded else nullcontext():
            value = self.names.value(step.field)
            self._writer.write(f"{value} = {self.names.extractor(step.field)}(event)", mark)
            self._expressions.filled(step.field, surely=not guarded)
            answer = f"memo{number}[{value}]" if step.inexact else self._answer(step, value)
            self._writer.write(f"may {'&' if number else ''}= {answer}", mark)
            self._write_end()

    def _write_end(self) -> None:
        with self._writer.block("if not may:"):
            self._writer.write("return -1")

    def _write_shared(self) -> None:
        """Variables for what several rules test; without candidates to ask for, they are computed on first use."""
        uses = Uses(self._open)
        for number, (node, bits) in enumerate(uses.shared):
            name = self._expressions.shared[id(node)] = f"t{number}"
            if self._steps or id(node) in uses.deep:
                self._write_variable(name, node, bits)

    def _write_variable(self, name: str, node: Node, bits: int) -> None:
        mark, guarded = self._mark(bits), bool(self._steps) and bits != self._everyone
        with self._writer.block(f"if may & {self._bits(bits)}:", mark) if guarded else nullcontext():
            text = self._expressions.compute(node, self._known(bits))
            self._writer.write(f"{name} = (\n    {text}\n)" if "\n" in text else f"{name} = {text}", mark)
            if self._steps:
                self._settle(name, node)

    def _settle(self, name: str, node: Node) -> None:
        """Take the rules that need the variable to be true, or false, out of the candidates if it is not."""
        for wanted in (True, False):
            out = 0
            for i, parts in enumerate(self._open):
                left = tuple(part for part in parts if not _is_decided(part, node, wanted))
                if len(left) < len(parts):
                    self._open[i] = left
                    out |= 1 << i
            if out:
                with self._writer.block(f"if {'not ' if wanted else ''}{name}:"):
                    self._writer.write(f"may &= {self._bits(self._everyone & ~out)}")
                    self._write_end()

    def _write_rules(self) -> None:
        count = len(self._open)
        known: Known = frozenset()
        for start in range(0, count, CHUNK):
            numbers = range(start, min(start + CHUNK, count))
            bits = sum(1 << i for i in numbers)
            chunked = bool(self._steps) and count > CHUNK
            with self._writer.block(f"if may & {self._bits(bits)}:") if chunked else nullcontext():
                for i in numbers:
                    known = self._write_rule(i, known)

    def _write_rule(self, i: int, known: Known) -> Known:
        parts, index = self._open[i], self._indexes[i]
        asked = f"may & {self._bits(1 << i)}" if self._steps else ""
        expression = self._expressions.all_of(parts, self._known(1 << i) if self._steps else known)
        text = " and ".join(filter(None, (asked, expression.text)))
        with self._if(text, index) if text else nullcontext():
            self._writer.write(f"return {index}", index)
        return expression.if_false


def _is_decided(part: Node, node: Node, wanted: bool) -> bool:
    """Whether a part is node itself (wanted) or its negation (not wanted)."""
    return part is node if wanted else isinstance(part, Not) and part.child is node
