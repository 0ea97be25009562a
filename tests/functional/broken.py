"""Rules files as people get them wrong, by what is wrong with them: bytes, as they stand in the file."""

from __future__ import annotations

GOOD = "- rule: good\n  desc: d\n  condition: evt.type=open and proc.name=cat\n  output: o\n  priority: ERROR\n"
LAST = "- rule: last\n  desc: d\n  condition: evt.type=opn\n  output: o %proc.nam\n  priority: ERROR\n"
"""An item with two mistakes, to see that those before it do not hide them."""
_LIST = "- list: shells\n  items: [bash, zsh]\n"


def rule(
    condition: str = "evt.type=open", output: str = "o", priority: str = "ERROR", more: str = "", name: str = "r"
) -> str:
    """A rule with these texts just as they are."""
    return f"- rule: {name}\n  desc: d\n  condition: {condition}\n  output: {output}\n  priority: {priority}\n{more}"


_TEXTS = {
    # YAML
    "a key indented too far": "- rule: r\n  desc: d\n   condition: evt.type=open\n" + LAST,
    "a tab before a key": "- rule: r\n\tdesc: d\n" + LAST,
    "a tab in a folded text": "- rule: r\n  condition: >\n\tevt.type=open\n" + LAST,
    "a colon in an output": rule(output="Opened: by %user.name: bad") + LAST,
    "an output that begins with a field": rule(output="%user.name did it") + LAST,
    "a quote that is never closed": '- rule: r\n  desc: "d\n' + LAST + rule(output='"x"'),
    "a list that is never closed": "- list: l\n  items: [a, b\n" + LAST,
    "a pattern without quotes": "- list: l\n  items: [*.conf, /etc/*]\n" + LAST,
    "an alias without an anchor": "- list: l\n  items: *nope\n" + LAST,
    "a condition below its key": "- rule: r\n  condition: >\n  evt.type=open and\n  proc.name=cat\n" + LAST,
    "a comment in a condition": rule("evt.type=open # and\n    and proc.name=x") + LAST,
    "an item beside the others": GOOD + " " + rule().replace("\n  ", "\n   ") + LAST,
    "no blank behind a dash": "-rule: r\n desc: d\n",
    "no blank behind a colon": "- rule:r\n  desc:d\n" + LAST,
    "a mapping of items": "rules:\n  - rule: r\n",
    "an item without a dash": "rule: r\ndesc: d\n",
    "a text": "hello world\n",
    "brackets without end": "- list: l\n  items: " + "[" * 100 + "\n" + LAST,
    "several documents": "---\n" + GOOD + "---\n" + LAST + "---\nfoo: bar\n",
    # Items
    "keys and kinds with typos": "- rul: r\n- rule: r\n  description: d\n  conditon: x\n  ouput: o\n  Priority: ERROR\n"
    + LAST,
    "items that are none": "- foo\n- [a]\n-\n" + LAST,
    "lists that are none": "- list: l\n  items: a, b\n- list: m\n  items: [a, [b]]\n- list: n\n  items: {a: b}\n"
    + LAST,
    "values that are none": rule("[a]", "{a: b}", "[c]", "  tags: a, b\n  enabled: maybe\n  source: syscal\n"),
    "priorities that are none": rule(priority="HIGH") + rule(priority="Eror", name="s") + rule(priority="", name="t"),
    "names that are none": "- rule:\n  desc: d\n- macro: [m]\n- list: {a: b}\n" + LAST,
    "appending to nothing": GOOD
    + "- rule: god\n  append: true\n  condition: and x\n- list: l\n  append: true\n  items: []\n",
    "appending without a connective": GOOD + "- rule: good\n  append: true\n  condition: proc.pname=x\n",
    "switching what is not there": GOOD + "- rule: goood\n  enabled: false\n",
    "a later engine": "- required_engine_version: 99\n" + LAST,
    # Conditions
    "fields with typos": rule("evt.type=open and proc.nmae=cat and fd.nam contains x", "o %proc.nam %user.nmae"),
    "operators with typos": rule("evt.type=open and proc.name contans cat and fd.name startwith /x and proc.nam=y"),
    "connectives of other languages": rule("evt.type=open && proc.name=cat || proc.nmae=dog"),
    "not in": rule("evt.type=open and proc.name not in (a, b)"),
    "a bracket that is never closed": rule("evt.type=open and (proc.name=a or proc.nam=b"),
    "a list without its closing bracket": rule("evt.type=open and proc.name in (cat, dog and proc.nam=x"),
    "a bracket too many": rule("evt.type=open and proc.name=cat) and fd.nam=3"),
    "in without brackets": rule("evt.type=open and proc.name in cat"),
    "in with brackets of another kind": rule("evt.type=open and proc.name in [cat, dog]"),
    "a list without brackets": _LIST + rule("evt.type=open and proc.name in shells"),
    "a list for a macro": _LIST + rule("evt.type=open and shells"),
    "a macro that is missing": "- macro: container\n  condition: x.y=1\n"
    + rule("spawned and conatiner and evt.type=opn"),
    "a macro that comes later": "- macro: a\n  condition: b\n- macro: b\n  condition: proc.name=x\n"
    + rule("a and evt.type=opn"),
    "a broken macro": "- macro: m\n  condition: (proc.nam=a\n" + rule("evt.type=open and m and fd.nam=x"),
    "a value that is missing": rule("evt.type=open and proc.name= and fd.nam=x"),
    "an operator that is missing": rule("evt.type=open and proc.name and fd.nam=x"),
    "and at the end": rule("evt.type=opn and"),
    "and twice": rule("evt.type=opn and and proc.nam=x"),
    "quotes of a word processor": rule("evt.type=open and proc.name=“cat dog” and x"),
    "a blank of another kind": rule("evt.type=open\u00a0and proc.name=cat"),
    "a blank that cannot be seen": rule("evt.type=open and \u200bproc.name=cat"),
    "values of another type": rule("evt.type=open and fd.num=abc and proc.pid contains 3 and fd.ip=300.1.1.1"),
    "arguments": rule("evt.type=open and proc.aname[x]=a and evt.arg=3 and proc.name[2]=x"),
    "event types with typos": rule("evt.type in (opne, execv, conect)"),
    "conditions without text": rule('""') + rule("|", name="s"),
    "brackets in brackets": rule("evt.type=opn and " + "(" * 101 + "proc.name=a" + ")" * 101),
    # Outputs
    "fields in a folded output": rule(output=">\n    a %proc.name\n    b %proc.nam %evt.arg\n    c %10 and %"),
    "fields in a quoted output": rule(output='"a \\"b\\" %proc.name\n    c %proc.nam"'),
    # Forms of text
    "line ends of Windows": (rule("evt.type=open and proc.nam=x\n    and fd.nam=y") + LAST).replace("\n", "\r\n"),
    "line ends of old": (rule("evt.type=open and proc.nam=x") + LAST).replace("\n", "\r"),
    "a byte order mark": "\ufeff" + LAST,
    "a character that is no text": GOOD + "\0" + LAST,
}
BROKEN = {name: text.encode() for name, text in _TEXTS.items()} | {
    "another encoding": ("# Für alle\n" + LAST).encode("latin-1"),
    "another encoding of two bytes": LAST.encode("utf-16"),
    "a program": b"\x7fELF\x02\x01\x01" + bytes(range(128, 256)),
    "an archive": b"\x1f\x8b\x08\x00\x00\x00",
}
