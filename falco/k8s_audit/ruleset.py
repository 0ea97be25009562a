"""The rules in force for Kubernetes audit events: one function that finds the first of them that matches.

There are no event types here: every rule is tried on every event, in order. The code comes from the same compiler as
that of the rules on system calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from falco.engine.failure import RuleFailure
from falco.errors import FalcoError
from falco.filter.codegen import Code, Compiler
from falco.filter.fold import ANYTHING, Terms

if TYPE_CHECKING:
    from falco.engine.bind import BoundRule
    from falco.engine.rule import Rule
    from falco.events.event import Event
    from falco.filter.ast import Node
    from falco.k8s_audit.event import AuditEvent


class AuditRuleset:
    """Compiled rules of the source k8s_audit. Whoever has none of them looks at no events: any says so."""

    def __init__(self, rules: Iterable[BoundRule]) -> None:
        self._rules = tuple(rules)
        terms = Terms()
        conditions = list(_possible(self._rules, terms))
        self.any = bool(conditions)
        self._code: Code | None = None
        if conditions:
            self._code = Compiler(terms).compile("match_k8s_audit", "k8s_audit", conditions)

    def match(self, event: AuditEvent) -> Rule | None:
        """The first rule in order whose condition holds; RuleFailure if one cannot be evaluated."""
        code = self._code
        if code is None:
            return None
        # An audit event takes the place of the system call event: the fields of this source read nothing else.
        seen = cast("Event", event)
        try:
            index = code.match(seen)
        except FalcoError:
            raise
        except Exception as error:
            culprit = code.mark_of(error.__traceback__)
            raise RuleFailure(None if culprit is None else self._rules[culprit].rule, seen, error) from error
        return None if index < 0 else self._rules[index].rule

    def code_text(self) -> str:
        """The generated code with what its constants stand for and which rule each index is, in ASCII; may be empty."""
        if self._code is None:
            return ""
        names = "".join(f"# {i}: {bound.rule.name!a}\n" for i, bound in enumerate(self._rules))
        return f"# Rules on Kubernetes audit events by index:\n{names}\n{self._code.text}\n{self._code.legend()}"


def _possible(rules: tuple[BoundRule, ...], terms: Terms) -> Iterable[tuple[int, Node]]:
    """The rules that can match, each with its canonical condition."""
    for index, bound in enumerate(rules):
        node = terms.canonical(bound.condition)
        if node is True:
            yield index, ANYTHING
            return  # Rules behind one that always matches never get their turn.
        if node is not False:
            yield index, node
