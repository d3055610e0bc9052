"""What of an entry is ours: its last lines are marks, link definitions of Markdown, of which pages show nothing. An
entry can hold nothing else of ours. Pure, and little: the public function reads it too."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.ids import CaseId

MARK = "[careloop]: #"
CASE = "[careloop-case]: #"
PLAIN_MARK = re.compile(r"[A-Za-z0-9._-]{1,100}")
_CASE = re.compile(r"case-[a-z0-9]{8,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A text without the marks that stood at its end."""

    text: str
    mark: str | None = None
    case: CaseId | None = None


def marked(text: str) -> Marked:
    """Only the very last lines count: what a customer wrote stands above them."""
    lines = text.rstrip().splitlines()
    mark = case = None
    if lines and lines[-1].startswith(CASE) and _CASE.fullmatch(lines[-1].removeprefix(CASE)):
        case = CaseId(lines.pop().removeprefix(CASE))
    if lines and lines[-1].startswith(MARK) and PLAIN_MARK.fullmatch(lines[-1].removeprefix(MARK)):
        mark = lines.pop().removeprefix(MARK)
    return Marked(text="\n".join(lines).rstrip(), mark=mark, case=case) if mark or case else Marked(text=text)


def number_of(data: Reader, name: str = "id") -> str:
    """An id, which is a number here. Raises PayloadError."""
    found = data.need_id(name)
    if not (found.isascii() and found.isdigit() and len(found) <= 18):
        raise data.need(name).wrong("a number expected")
    return found
