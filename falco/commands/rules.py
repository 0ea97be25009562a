"""Rules files to what a run needs, and the questions about rules: -V, -L, -l, --print-rules-code."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from falco.commands import report
from falco.commands.buffers import in_base64
from falco.commands.configuration import configure, log_as, rules_paths
from falco.commands.say import say
from falco.engine import extra
from falco.engine.bind import BoundRule, bind_rules
from falco.engine.describe import describe_rules
from falco.engine.load import collect_rules
from falco.engine.ruleset import Ruleset
from falco.engine.select import Selection, select_rules, unmatched
from falco.errors import Problem, RulesError, in_order
from falco.fields.registry import AUDIT_FIELDS, REGISTRIES, SYSCALL_FIELDS, list_names
from falco.fields.template_compiler import compile_template
from falco.k8s_audit.ruleset import AuditRuleset
from falco.priority import Priority

if TYPE_CHECKING:
    from falco.commands.options import Options
    from falco.engine.load import LoadedRules
    from falco.engine.rule import Rule, UnreadRule
    from falco.fields.field import Registry
    from falco.outputs.alerts import Template


@dataclasses.dataclass(frozen=True, slots=True)
class Rules:
    """Rules ready to run. rules are all that were loaded, ruleset and audit have those that are enabled, on system
    calls and on Kubernetes audit events; templates is by name.

    notes are what -v prints about them on standard output, event_types what it prints on standard error.
    """

    rules: tuple[Rule, ...]
    ruleset: Ruleset
    audit: AuditRuleset
    templates: Mapping[str, Template]
    warnings: tuple[Problem, ...]
    notes: tuple[str, ...]
    event_types: tuple[str, ...]


def load(options: Options, paths: Iterable[str], minimum_priority: Priority = Priority.DEBUG) -> Rules:
    """Load files and directories. RulesError with every mistake; FalcoError for options that exclude each other."""
    collected = collect_rules(
        paths,
        minimum_priority=minimum_priority,
        all_events=options.all_events,
        known_fields=list_names(later=True),
    )
    bound, notes, unbound = _bind(collected)
    names = {each.rule.name for each in bound}
    printed = [rule for rule in collected.rules if rule.name in names or not rule.skip_if_unknown_filter]
    templates, bad_outputs = _templates((*printed, *collected.unread), options)
    errors = in_order((*collected.errors, *unbound, *bad_outputs), collected.files)
    if errors:
        raise RulesError((*errors, *collected.warnings))
    selection = Selection(options.disable, options.disable_tag, options.tag)
    enabled = _enabled(bound, selection)
    return Rules(
        collected.rules,
        Ruleset(_of(SYSCALL_FIELDS, enabled), all_events=options.all_events),
        AuditRuleset(_of(AUDIT_FIELDS, enabled)),
        templates,
        (*collected.warnings, *unmatched(collected.rules, selection)),
        (*notes, *collected.unused_lines()),
        tuple(collected.event_type_lines()),
    )


def _bind(collected: LoadedRules) -> tuple[list[BoundRule], list[str], list[Problem]]:
    """The rules of every source with their fields, what -v tells of rules that were skipped, and further mistakes."""
    bound: list[BoundRule] = []
    notes: list[str] = []
    # An unknown event type is found by the inference as well: one mistake at a place is enough.
    told = {error.location for error in collected.errors}
    problems: list[Problem] = []
    for registry in REGISTRIES.values():
        found = bind_rules(collected.rules, registry, collected.event_types, collected.unread)
        bound += found.rules
        problems += [problem for problem in found.problems if problem.location not in told]
        notes += found.skipped
    if not collected.complete:
        # What is no number and no event may be the name of a list that is missing.
        problems = [problem for problem in problems if problem.code != "bad-value"]
    return bound, notes, problems


def validate(options: Options) -> int:
    """-V: load rules files and say Ok, or every mistake."""
    try:
        rules = load(options, options.validate)
    except RulesError as error:
        if options.json:
            say([report.as_document(error, ())])
            return 1
        raise
    if options.json:
        say([report.as_document(None, rules.warnings)])
        return 0
    report.warn(rules.warnings)
    if options.verbose:
        say(rules.notes)
    say(["Ok"])
    return 0


def describe(options: Options) -> int:
    """-L and -l: names and descriptions of rules."""
    rules = load_configured(options)
    say(describe_rules(rules.rules, options.describe).splitlines())
    return 0


def print_code(options: Options) -> int:
    """--print-rules-code: what the rules become."""
    ready = load_configured(options)
    say((ready.ruleset.code_text() + ready.audit.code_text()).splitlines())
    return 0


def load_configured(options: Options) -> Rules:
    """The rules that a run would load."""
    wanted = configure(options).config
    log_as(wanted)
    rules = load(options, rules_paths(options, wanted), wanted.priority)
    report.warn(rules.warnings)
    return rules


def _enabled(bound: Iterable[BoundRule], selection: Selection) -> list[BoundRule]:
    """The rules that are to run, in order."""
    by_name = {each.rule.name: each for each in bound}
    chosen = select_rules([each.rule for each in by_name.values()], selection)
    return [by_name[rule.name] for rule in chosen]


def _of(registry: Registry, rules: Iterable[BoundRule]) -> list[BoundRule]:
    return [each for each in rules if each.rule.source == registry.source]


def _templates(rules: Iterable[Rule | UnreadRule], options: Options) -> tuple[dict[str, Template], list[Problem]]:
    """The compiled outputs by rule name, and what is wrong with them or with the text of -p."""
    wanted = extra.parse(options.print)
    errors: list[Problem] = []
    try:
        compile_template(wanted.text, SYSCALL_FIELDS, wanted.written)
    except RulesError as error:
        errors += error.problems
        wanted = extra.Extra()
    registries = {name: in_base64(fields) if options.print_base64 else fields for name, fields in REGISTRIES.items()}
    templates: dict[str, Template] = {}
    for rule in (rule for rule in rules if rule.source in REGISTRIES):
        output, fields = extra.apply(rule.output, rule.source, wanted), registries[rule.source]
        try:
            compiled = compile_template(output.text, fields, output, f'rule "{rule.name}"')
            # It reads only fields of the rule's source, and so takes what that gives.
            templates[rule.name] = cast("Template", compiled)
        except RulesError as error:
            errors += error.problems
    return templates, errors
