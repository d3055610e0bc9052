"""WhatsApp's error codes, of refused calls and of messages that failed later: what each means, as data.

Sources: Cloud API > Support > Error codes (2026-06-18); Business-scoped user ids (2026-05-28). The words are for
agents: what happened, and what can be done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What to do about a code."""

    WINDOW = "window"
    UNREACHABLE = "unreachable"
    LIMITED = "limited"
    BUSY = "busy"
    """Certainly not sent; may work later."""
    UNCLEAR = "unclear"
    """Meta's servers may have done what they say they could not."""
    REFUSED = "refused"
    TEMPLATE = "template"
    ACCOUNT = "account"
    """The business account or its number has a problem that somebody must see to."""
    ACCESS = "access"
    DEAD = "dead"
    """The token is no longer good for anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One code. ``words``: one or two plain sentences. ``wait``: seconds, where it is known."""

    kind: Kind
    words: str
    wait: float | None = None


def _each(codes: tuple[int, ...], kind: Kind, words: str) -> dict[int, Failure]:
    return dict.fromkeys(codes, Failure(kind=kind, words=words))


_NOT_NOW = "WhatsApp could not take it for the moment"
_TOO_MUCH = "WhatsApp takes no more for now"
_TEMPLATE = "The template was not accepted: compare its name, language and variables with WhatsApp Manager."
_NUMBER = "WhatsApp does not let this business number send: look into WhatsApp Manager."

FAILURES: Mapping[int, Failure] = {
    131047: Failure(
        kind=Kind.WINDOW,
        words="More than 24 hours have passed since the customer's last message: WhatsApp takes an approved template "
        "only, until they write again.",
    ),
    131026: Failure(
        kind=Kind.UNREACHABLE,
        words="WhatsApp can't deliver to this customer: the number has no WhatsApp, an old version of it, or its terms "
        "are not accepted. Reach them another way.",
    ),
    131030: Failure(
        kind=Kind.UNREACHABLE,
        words="This is a test number, which may write to the numbers on its list only: add the customer's there.",
    ),
    131049: Failure(
        kind=Kind.UNREACHABLE,
        words="WhatsApp withheld it, because this person gets many businesses' messages: wait a day, then try again.",
    ),
    131050: Failure(kind=Kind.UNREACHABLE, words="The customer stopped marketing messages from this number."),
    130472: Failure(
        kind=Kind.UNREACHABLE,
        words="WhatsApp keeps this customer out of business messages for an experiment of its own.",
    ),
    131062: Failure(
        kind=Kind.REFUSED, words="This kind of message needs the customer's phone number, which is withheld."
    ),
    137000: Failure(
        kind=Kind.REFUSED, words="The customer's identity changed: make sure who it is before you write again."
    ),
    131051: Failure(kind=Kind.REFUSED, words="WhatsApp does not take this kind of message."),
    131052: Failure(kind=Kind.REFUSED, words="A file could not be fetched by WhatsApp."),
    131053: Failure(
        kind=Kind.REFUSED, words="WhatsApp could not work with the file: try again, or send it in another form."
    ),
    131056: Failure(kind=Kind.LIMITED, words=f"{_TOO_MUCH} for this customer.", wait=6.0),
    **_each((130429, 131048, 4, 80007, 80008, 131064), Kind.LIMITED, f"{_TOO_MUCH} from this number."),
    **_each((131016, 131057), Kind.BUSY, f"{_NOT_NOW}."),
    **_each((1, 2, 131000, 133004, 135000), Kind.UNCLEAR, f"{_NOT_NOW}."),
    **_each((131008, 131009, 100), Kind.REFUSED, "WhatsApp did not understand the message."),
    **_each((132000, 132001, 132005, 132007, 132008, 132012), Kind.TEMPLATE, _TEMPLATE),
    132015: Failure(kind=Kind.TEMPLATE, words="The template is paused for its low quality: take another one."),
    132016: Failure(kind=Kind.TEMPLATE, words="The template is disabled for its low quality: take another one."),
    131031: Failure(kind=Kind.ACCOUNT, words="Meta locked the business account: look into WhatsApp Manager."),
    **_each((368, 130497), Kind.ACCOUNT, _NUMBER),
    131042: Failure(
        kind=Kind.ACCOUNT,
        words="Meta could not bill the business account: put its payment in order in WhatsApp Manager.",
    ),
    131045: Failure(
        kind=Kind.ACCOUNT, words="The business number is not registered for the Cloud API: register it again."
    ),
    131037: Failure(kind=Kind.ACCOUNT, words="The business number's display name is not approved yet."),
    **_each((0, 190), Kind.DEAD, "The access token is no longer good: store a new one of the system user."),
    **_each((3, 10, 131005), Kind.ACCESS, "The access token lacks a permission for this number."),
}
"""Code -> what it means; 200 to 299 are permissions, too (see `failure_of`)."""


def failure_of(code: int) -> Failure | None:
    """What `code` means, or None when nobody told us."""
    return FAILURES.get(3 if 200 <= code <= 299 else code)
