"""span.* and evtin.*: declared for rules that name them, always without value.

They read tracer events. Nothing produces those any more, and where a capture has some, it holds no more of their tags
and arguments than memory addresses of the recording process.
"""

from __future__ import annotations

from falco.events.types import Format, ParamType
from falco.fields.field import Argument, Field
from falco.fields.valueless import valueless

_NEVER = "never has a value, since no tracer events are produced any more"
_TEXT, _COUNT, _ID, _TIME = ParamType.CHARBUF, ParamType.UINT32, ParamType.INT64, ParamType.RELTIME
_Part = tuple[str, str, Argument, ParamType, Format]
_COMMON: tuple[_Part, ...] = (
    ("id", "Number of {}", Argument.NONE, _ID, Format.ID),
    ("ntags", "How many tags {} has", Argument.NONE, _COUNT, Format.DEC),
    ("nargs", "How many arguments {} has", Argument.NONE, _COUNT, Format.DEC),
    ("tags", "All tags of {}", Argument.NONE, _TEXT, Format.NA),
    ("tag", "One tag of {}, by index", Argument.REQUIRED, _TEXT, Format.NA),
    ("args", "All arguments of {}", Argument.NONE, _TEXT, Format.NA),
    ("arg", "One argument of {}, by name or index", Argument.REQUIRED, _TEXT, Format.NA),
)
_SPAN: tuple[_Part, ...] = (
    _COMMON[0],
    ("time", "When {} began", Argument.NONE, _TEXT, Format.NA),
    *_COMMON[1:],
    ("enterargs", "All arguments with which {} began", Argument.NONE, _TEXT, Format.NA),
    ("enterarg", "One argument with which {} began", Argument.REQUIRED, _TEXT, Format.NA),
    ("duration", "How long {} took", Argument.NONE, _TIME, Format.DEC),
    ("duration.human", "How long {} took, in the unit that fits", Argument.NONE, _TEXT, Format.NA),
)
_SCOPES = (
    ("", "the span that is open on the event's thread"),
    ("p.", "the span that is open in the event's process"),
    ("s.", "the span that is open in a process with the same parent"),
    ("m.", "the span that is open anywhere on the machine"),
)


def _fields(prefix: str, whose: str, parts: tuple[_Part, ...]) -> list[Field]:
    return [
        valueless(f"{prefix}{name}", f"{doc.format(whose)}; {_NEVER}.", argument, kind, form)
        for name, doc, argument, kind, form in parts
    ]


FIELDS = (
    *_fields("span.", "the tracer event's span", _SPAN),
    *(field for part, whose in _SCOPES for field in _fields(f"evtin.span.{part}", whose, _COMMON)),
)
