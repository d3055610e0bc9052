"""Links, mentions and hashtags in a text, with the offsets that platforms ask for.

Bluesky marks nothing by itself: a post's facets name each span in UTF-8 bytes, end exclusive. Every expression here is
linear: runs that may be scanned are bounded by a character that may not stand in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class EntityKind(StrEnum):
    """What a span of text is."""

    LINK = "link"
    MENTION = "mention"
    HASHTAG = "hashtag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One span. Offsets are half-open; ``start``/``end`` in code points, ``byte_start``/``byte_end`` in UTF-8 bytes."""

    kind: EntityKind
    text: str
    """As it stands in the text."""
    value: str
    """Link: with a scheme. Mention: without @ ("acme.com", "kim@mastodon.example"). Hashtag: without #."""
    start: int
    end: int
    byte_start: int
    byte_end: int


_Span = tuple[int, int, EntityKind, str]

# Scripts written without blanks: a letter of theirs right behind a Latin one ends a link, elsewhere it is part of it.
_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_NOT_IN_LINK = r"\s<>\"“”„«»…。、，！？；：「」『』（）【】《》〈〉"
_TAIL = rf"[^{_NOT_IN_LINK}]*"
_WITH_SCHEME = re.compile(rf"(?<![A-Za-z0-9_@#])https?://[^{_NOT_IN_LINK}]+", re.IGNORECASE)
_LETTER = "a-zA-Z0-9À-ɏ\u0370-\u052f"
_BARE = re.compile(
    rf"(?<![{_LETTER}_@.\-/:#&=])(?P<host>(?:[{_LETTER}](?:[{_LETTER}\-]{{0,61}}[{_LETTER}])?\.)+"
    rf"(?P<tld>[a-zA-Z]{{2,18}}))(?![{_LETTER}_@\-])(?:(?::\d{{2,5}})?(?P<tail>[/?#]{_TAIL})?)"
)
_CJK_BEHIND_LATIN = re.compile(rf"(?<=[A-Za-z0-9])[{_CJK}]")
_CLOSERS = {")": "(", "]": "[", "}": "{"}
_TRAILING = frozenset(".,;:!?'’*")
# Endings that are file names more often than hosts: a link only with a path or www.
_FILE_ENDINGS = frozenset({"zip", "mov", "md", "py", "sh", "rs", "ps"})
_MENTION = re.compile(
    r"(?<![A-Za-z0-9_@＠/#$&=\-])[@＠](?P<name>[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?"
    r"(?:@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+)?)"
)
_HASHTAG = re.compile(r"(?<![\w#＃&/])[#＃](?P<name>\w*[^\W\d]\w*)")


def find_links(text: str) -> tuple[Entity, ...]:
    """Web links: with a scheme, or a bare domain with a known ending (``acme.com/help``).

    Trailing punctuation and brackets that the link does not open belong to the sentence, not to the link.
    """
    return _entities(text, _link_spans(text))


def find_mentions(text: str) -> tuple[Entity, ...]:
    """``@handle``, ``@handle.example``, ``@user@instance.example``; not e-mail addresses, nothing inside a link."""
    return tuple(entity for entity in find_entities(text) if entity.kind is EntityKind.MENTION)


def find_entities(text: str) -> tuple[Entity, ...]:
    """Links, mentions and hashtags in the order of the text, without overlaps; a link hides what is in it."""
    links = _link_spans(text)
    others = [*_named(text, "@", _MENTION, EntityKind.MENTION), *_named(text, "#", _HASHTAG, EntityKind.HASHTAG)]
    spans: list[_Span] = []
    for span in sorted([*links, *others], key=lambda span: (span[0], span[2] is not EntityKind.LINK)):
        if not spans or span[0] >= spans[-1][1]:
            spans.append(span)
    return _entities(text, spans)


def _named(text: str, sign: str, pattern: re.Pattern[str], kind: EntityKind) -> Iterator[_Span]:
    if sign in text or chr(ord(sign) + 0xFEE0) in text:  # or its full-width form
        for match in pattern.finditer(text):
            yield match.start(), match.end(), kind, match["name"]


def _link_spans(text: str) -> list[_Span]:
    spans: list[_Span] = []
    if "://" in text:
        for match in _WITH_SCHEME.finditer(text):
            end = _link_end(text, match.start(), match.end())
            if any(character.isalnum() for character in text[match.start() + len("https:/") : end]):
                spans.append((match.start(), end, EntityKind.LINK, text[match.start() : end]))
    if "." in text:
        taken = [(start, end) for start, end, _, _ in spans]
        spans.extend(_bare_spans(text, taken))
        spans.sort()
    return spans


def _bare_spans(text: str, taken: list[tuple[int, int]]) -> Iterator[_Span]:
    """Links without a scheme outside the sorted spans `taken`."""
    from chalicelib.core.text._tlds import TLDS

    index = 0
    for match in _BARE.finditer(text):
        while index < len(taken) and taken[index][1] <= match.start():
            index += 1
        if index < len(taken) and taken[index][0] < match.end():
            continue
        host, ending = match["host"], match["tld"]
        if ending.lower() not in TLDS or not (ending.islower() or host.isupper()):
            continue  # "Das kommt.Ist es da?" lacks a blank, it is no link
        if ending in _FILE_ENDINGS and not match["tail"] and not host.lower().startswith("www."):
            continue
        end = max(_link_end(text, match.start(), match.end()), match.end("host"))
        yield match.start(), end, EntityKind.LINK, f"https://{text[match.start() : end]}"


def _link_end(text: str, start: int, end: int) -> int:
    """Where the link that was scanned from `start` to `end` really ends."""
    stop = _CJK_BEHIND_LATIN.search(text, start, end)
    if stop is not None:
        end = stop.start()
    surplus = {
        closer: text.count(closer, start, end) - text.count(opener, start, end) for closer, opener in _CLOSERS.items()
    }
    while end > start:
        last = text[end - 1]
        if last in _CLOSERS and surplus[last] > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return end


def _entities(text: str, spans: list[_Span]) -> tuple[Entity, ...]:
    """Add the byte offsets, walking the text once."""
    found: list[Entity] = []
    position = byte_position = 0
    for start, end, kind, value in spans:
        byte_start = byte_position + _byte_length(text[position:start])
        byte_end = byte_start + _byte_length(text[start:end])
        found.append(
            Entity(
                kind=kind,
                text=text[start:end],
                value=value,
                start=start,
                end=end,
                byte_start=byte_start,
                byte_end=byte_end,
            )
        )
        position, byte_position = end, byte_end
    return tuple(found)


def _byte_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
