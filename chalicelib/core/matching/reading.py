"""Identifiers in messages, and whose they are: by the words around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chalicelib.core.events import Visibility
from chalicelib.core.matching import wording
from chalicelib.core.matching.finding import Found, find
from chalicelib.core.matching.mailhosts import is_role
from chalicelib.core.matching.normalise import normalise_email, normalise_number, normalise_phone
from chalicelib.core.matching.types import Claim, Direction, MatchSettings, Said
from chalicelib.core.people import ClueKind

_MOST_MESSAGES = 30
_MOST_CLAIMS = 12
_SENTENCE = re.compile(r"(?<!\bnr)(?<!\bno)(?<!\btel)(?<!\bz\.b)(?<!\be\.g)(?<!\bst)(?<!\bbest)[.!?…]+(?=\s|$)|\n+|;")
_CLAUSE = re.compile(
    r",\s|\s[–—-]\s|\b(?:and|but|und|aber|sondern|et|mais|pero|ma|maar|mas|while|whereas|although|obwohl)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_][\w'’\-]*")
_NUMBER = re.compile(r"(?<![\w.])(?=[\w\-]*\d{3})[A-Za-z0-9](?:[A-Za-z0-9\-]{2,28}[A-Za-z0-9])(?![\w.])")
_LETTERS_BEFORE = re.compile(r"(?<!\w)[A-Za-z]{1,4} $")
_LONGEST_ANSWER = 200
_LONGEST_CONTEXT = 600
_QUOTED = re.compile(r"^\s*>", re.MULTILINE)
ALONE = "given alone"
"""Why a claim is taken for the author's own though nothing says whose it is."""
_REACH_BEFORE, _REACH_AFTER = 300, 150
"""Characters around an identifier in which words about it are looked for."""
_CLOSE = 14
"""Characters between an owner's words and the identifier that they introduce ("my number is …")."""
_MASK = "\x00"


def claims_in(said: Sequence[Said], settings: MatchSettings) -> tuple[Claim, ...]:
    """The identifiers in messages with whose they are, oldest first, each once for a direction and visibility. Of many
    messages the last thirty."""
    claims: dict[tuple[ClueKind, str, Direction, Visibility], Claim] = {}
    ours = _Ours.of(settings.own_addresses, settings.region)
    is_for_another = False
    for message in said[-_MOST_MESSAGES:]:
        for claim in _of_message(message, settings, ours):
            if is_for_another and claim.why == ALONE:
                # "It's my wife's account." - "Which address?" - "anna@web.de"
                claim = replace(claim, direction=Direction.UNCLEAR)
            claims.setdefault((claim.kind, claim.value, claim.direction, claim.visibility), claim)
        is_for_another = is_for_another or wording.somebody_else().search(message.text[:_LONGEST_CONTEXT]) is not None
    return tuple(claims.values())[-_MOST_CLAIMS:]


def _of_message(message: Said, settings: MatchSettings, ours: _Ours) -> Iterator[Claim]:
    text, found = find(message.text, settings)
    if message.is_answer and not any(item.kind is ClueKind.CUSTOMER_NUMBER for item in found):
        found = [*found, *_bare_number(text)]
    masked = _masked(text, found)
    for item in found[:_MOST_CLAIMS]:
        direction, why = _direction(masked, item, found, ours)
        if message.is_answer and direction is Direction.UNCLEAR and not why:
            direction, why = Direction.OWN, "our question"
        yield Claim(
            kind=item.kind, value=item.value, direction=direction, visibility=message.visibility, why=why.strip()[:60]
        )


def _bare_number(text: str) -> list[Found]:
    """The one number of a message that answers our question for one, whatever its shape; with and without letters that
    stand apart in front of it ("kd 1001"). Whose it is, the words around it tell as for any other."""
    numbers = list(_NUMBER.finditer(text[:_LONGEST_ANSWER]))
    if len(numbers) != 1:
        return []
    start, end = numbers[0].span()
    letters = _LETTERS_BEFORE.search(text, 0, start)
    shapes = [text[start:end], *([text[letters.start() : end]] if letters else [])]
    values = dict.fromkeys(value for value in map(normalise_number, shapes) if value)
    return [Found(kind=ClueKind.CUSTOMER_NUMBER, value=value, start=start, end=end) for value in values]


def _masked(text: str, found: Sequence[Found]) -> str:
    """`text` with identifiers blotted out, at the same places: their dots end no sentence."""
    parts = list(text)
    for item in found:
        parts[item.start : item.end] = _MASK * (item.end - item.start)
    return "".join(parts)


def _direction(text: str, item: Found, found: Sequence[Found], ours: _Ours) -> tuple[Direction, str]:
    if ours.holds(item):
        return Direction.OTHER, "the company's own"
    line_start = text.rfind("\n", 0, item.start) + 1
    if _QUOTED.match(text, line_start):
        return Direction.OTHER, "quoted"
    direction, why = _by_words(text, item, found)
    if item.kind is ClueKind.EMAIL and is_role(item.value):
        return (Direction.OTHER, why) if direction is Direction.OTHER else (Direction.ROLE, "a shared mailbox")
    return direction, why


def _by_words(text: str, item: Found, found: Sequence[Found]) -> tuple[Direction, str]:
    nearest, farthest = max(0, item.start - _REACH_BEFORE), min(len(text), item.end + _REACH_AFTER)
    sentence_start, sentence_end = _around(_SENTENCE, text, item, nearest, farthest)
    start, end = _around(_CLAUSE, text, item, sentence_start, sentence_end)
    before, clause = text[start : item.start], text[start:end]
    other, mine = wording.somebody_else().search(clause), wording.own().search(clause)
    if other is None:
        other = wording.from_or_to().search(before)
    if other and mine:
        introduces = start + mine.end() + _CLOSE >= item.start >= start + mine.end() and other.end() <= mine.start()
        return (Direction.OWN, mine[0]) if introduces else (Direction.UNCLEAR, other[0])
    if other:
        return Direction.OTHER, other[0]
    if mine:
        return Direction.OWN, mine[0]
    sentence = text[sentence_start:sentence_end]
    other, mine = wording.somebody_else().search(sentence), wording.own().search(sentence)
    if other:
        return (Direction.UNCLEAR if mine else Direction.OTHER), other[0]
    if mine:
        return Direction.OWN, mine[0]
    return _without_owner(text, item, found, text[sentence_start : item.start])


def _without_owner(text: str, item: Found, found: Sequence[Found], before: str) -> tuple[Direction, str]:
    """No owner is named near by: a bare answer is the author's, unless somebody else is talked about."""
    elsewhere = wording.somebody_else().search(text[max(0, item.start - _LONGEST_CONTEXT) : item.end + _REACH_AFTER])
    is_bare = all(word.lower() in wording.FILLER for word in _WORD.findall(text))
    if not elsewhere and (is_bare or wording.given_as_answer().search(before)):
        return Direction.OWN, ALONE
    return Direction.UNCLEAR, elsewhere[0] if elsewhere else ""


def _around(pattern: re.Pattern[str], text: str, item: Found, start: int, end: int) -> tuple[int, int]:
    """The piece of ``text[start:end]`` between two separators that holds `item`."""
    for match in pattern.finditer(text, start, end):
        if match.end() <= item.start:
            start = match.end()
        elif match.start() >= item.end:
            return start, match.start()
    return start, end


@dataclass(frozen=True, slots=True)
class _Ours:
    """The company's own addresses, domains and numbers."""

    emails: frozenset[str]
    domains: tuple[str, ...]
    phones: frozenset[str]

    @classmethod
    def of(cls, addresses: Sequence[str], region: str) -> _Ours:
        emails, domains, phones = set(), [], set()
        for address in addresses:
            text = address.strip().lower()
            if text.startswith("@"):
                domains.append(text[1:])
            elif email := normalise_email(text):
                emails.add(email)
            elif phone := normalise_phone(text, region):
                phones.add(phone)
        return cls(frozenset(emails), tuple(domains), frozenset(phones))

    def holds(self, item: Found) -> bool:
        if item.kind is ClueKind.PHONE:
            return item.value in self.phones
        if item.kind is not ClueKind.EMAIL:
            return False
        domain = item.value.rpartition("@")[2]
        return item.value in self.emails or any(domain == own or domain.endswith(f".{own}") for own in self.domains)
