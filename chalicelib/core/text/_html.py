"""A small HTML tokenizer that takes linear time whatever it is given, and never fails.

The standard library's parser does not: 100 kB of ``<a <a <a`` keep it busy for a minute and a half (Python 3.11).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
"""Elements without content: they never have an end tag."""

_RAW = frozenset({"script", "style"})
_TAG = re.compile(r"""</?([a-zA-Z][^\s/>]*+)((?:[^>"']|"[^"]*"|'[^']*')*+)>""")
_NAME = re.compile(r"</?([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(r"""([^\s=/>"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>]+))?""")
_HUGE_REFERENCE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
# Tags whose quotes do not close are read up to the next ">" only; after so many, all are.
_PATIENCE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A start or end tag; names in lower case, attribute values unescaped."""

    name: str
    is_end: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)


def tokens(source: str) -> Iterator[str | Tag]:
    """`source` as text (unescaped, white space as it is) and tags, in order; no comments, scripts or styles."""
    position = 0
    failures = 0
    while position < len(source):
        opening = source.find("<", position)
        if opening < 0:
            break
        if opening > position:
            yield unescape(source[position:opening])
        if source.startswith("<!--", opening):
            end = source.find("-->", opening + 4)
            position = end + 3 if end >= 0 else len(source)
            continue
        following = source[opening + 1 : opening + 2]
        if not (following.isalpha() and following.isascii()) and following not in ("/", "!", "?"):
            yield "<"
            position = opening + 1
            continue
        match = _TAG.match(source, opening) if failures < _PATIENCE else None
        end = match.end() if match else source.find(">", opening) + 1
        if not end:
            position = opening
            break
        failures += match is None
        tag = _read_tag(source, opening, end)
        position = end
        if tag is not None:
            yield tag
            if tag.name in _RAW and not tag.is_end:
                position = _end_of_raw(source, position, tag.name)
    if position < len(source):
        yield unescape(source[position:])


def unescape(text: str) -> str:
    """Character references as characters; a number that names no character becomes U+FFFD."""
    return html.unescape(_HUGE_REFERENCE.sub("\ufffd", text)) if "&" in text else text


def _read_tag(source: str, start: int, end: int) -> Tag | None:
    """The tag in ``source[start:end]``; None for declarations and what only looks like a tag."""
    name = _NAME.match(source, start, end)
    if name is None:
        return None
    is_end = source[start + 1] == "/"
    attributes: dict[str, str] = {}
    if not is_end:
        for key, value in _ATTRIBUTE.findall(source[name.end() : end - 1]):
            bare = value[1:-1] if value[:1] in ("'", '"') and value[-1:] == value[:1] and len(value) > 1 else value
            attributes.setdefault(key.lower(), unescape(bare))
    return Tag(name=name[1].lower(), is_end=is_end, attributes=attributes)


def _end_of_raw(source: str, start: int, name: str) -> int:
    """Where the content of a script or style that begins at `start` ends: at its end tag, or never."""
    closing = re.compile(f"</{name}", re.IGNORECASE).search(source, start)
    return closing.start() if closing else len(source)
