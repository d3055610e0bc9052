"""A question to a customer, in private: who they are. What is kept of it, and its words. Pure."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.core.ids import AuthorKey, ConversationKey

LANGUAGES = ("en", "de")
PLACEHOLDERS = frozenset({"brand", "link", "hours"})


class AskInPrivate(StrEnum):
    """Who may ask: the policy's ``ask_in_private``."""

    NEVER = "never"
    BY_AGENT = "by_agent"
    WHEN_UNKNOWN = "when_unknown"


class AskBy(StrEnum):
    """How: the policy's ``ask_by``."""

    LINK = "link"
    QUESTION = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The last question of a case. ``key`` names it: the entry that asked, so that a retry asks the same again;
    ``token`` is what its link is known by (empty: no link)."""

    key: str
    author: AuthorKey
    conversation: ConversationKey
    """Where the answer is expected: the private conversation; until a private reply has opened one, what it answers."""
    how: AskBy
    by: str
    at: datetime
    expires_at: datetime
    language: str
    token: str = ""
    refused: bool = False
    """It never reached the customer."""
    answered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is remembered of an author over all cases. ``version`` guards against lost updates."""

    author: AuthorKey
    asked_at: datetime | None = None
    wrong: int = 0
    """Answers that did not match, since one did."""
    opted_out_at: datetime | None = None
    version: int = 0


# -- words -------------------------------------------------------------------------------------------------------------

LINK_TEXTS: Mapping[str, str] = {
    "en": (
        "So that we can look into this for you, please tell us here who you are: {link}\n"
        "The link is meant for you alone and is good for {hours} hours. We never ask for passwords or card numbers.\n"
        "{brand}"
    ),
    "de": (
        "Damit wir Ihnen weiterhelfen können, sagen Sie uns bitte hier, wer Sie sind: {link}\n"
        "Der Link gilt {hours} Stunden und ist nur für Sie bestimmt. Nach Passwörtern oder Kartennummern "
        "fragen wir nie.\n"
        "{brand}"
    ),
}
QUESTION_TEXTS: Mapping[str, str] = {
    "en": (
        "So that we can look into this for you, please write us your order or customer number, here in this private "
        "conversation.\n{brand}"
    ),
    "de": (
        "Damit wir Ihnen weiterhelfen können, schreiben Sie uns bitte Ihre Bestell- oder Kundennummer, hier in dieser "
        "privaten Unterhaltung.\n{brand}"
    ),
}


def language_of(*hints: str | None, region: str = "") -> str:
    """The first of `hints` ("de-AT", "en_GB") that we have words in; else by the company's country."""
    for hint in hints:
        code = (hint or "").replace("_", "-").partition("-")[0].lower()
        if code in LANGUAGES:
            return code
    return "de" if region.upper() in ("DE", "AT", "CH", "LI") else "en"


def text_in(texts: Mapping[str, str], defaults: Mapping[str, str], language: str) -> str:
    """The policy's words in a language, else ours in that language, else in English."""
    return texts.get(language) or defaults.get(language) or texts.get("en") or defaults.get("en", "")


def filled(text: str, *, brand: str, link: str = "", hours: int = 0) -> str:
    """A text with its placeholders' values."""
    return text.format(brand=brand, link=link, hours=hours).strip()


def problems_of(name: str, texts: Mapping[str, str], *, needs_link: bool) -> list[str]:
    """What is wrong with a policy's texts: words, for the person who writes it."""
    problems = []
    for language, text in texts.items():
        try:
            used = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
        except ValueError:
            problems.append(f"policy {name}.{language}: a brace alone; write {{{{ for a brace")
            continue
        if used - PLACEHOLDERS:
            unknown = ", ".join(f"{{{item}}}" for item in sorted(used - PLACEHOLDERS))
            problems.append(f"policy {name}.{language}: unknown placeholder {unknown}")
        if needs_link and "link" not in used:
            problems.append(f"policy {name}.{language}: {{link}} is missing")
        if not needs_link and "link" in used:
            problems.append(f"policy {name}.{language}: there is no {{link}} in this text")
    return problems
