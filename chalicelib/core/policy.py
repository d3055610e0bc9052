"""The care policy: the numbers and switches that a company decides. Edited as ``policies/care.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

from chalicelib.core.errors import ConfigurationError
from chalicelib.core.links import Told
from chalicelib.core.questions import AskBy, AskInPrivate, problems_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePolicy:
    """Durations are `timedelta`. Defaults are the ones shipped in ``policies/care.toml``."""

    reopen_public: timedelta = timedelta(days=7)
    """A public message this long after solving reopens the ticket; later it opens a linked follow-up."""
    reopen_private: timedelta = timedelta(days=30)
    join_channels: bool = True
    """The same contact (certain match) on another channel continues the open case."""
    number_parts: bool = True
    """Parts of a long reply carry " (1/3)"."""
    max_parts: int = 10
    """A reply that needs more parts is refused with advice."""
    guard_private_data: bool = True
    """Hold a public reply that shows a card number, an IBAN, an e-mail address or a phone number."""
    public_contacts: tuple[str, ...] = ()
    """The company's own published addresses and numbers ("help@acme.com", "@acme.com", "+49 30 1234567")."""
    customer_number_patterns: tuple[str, ...] = (r"\b(?:KD|CU|C)-?\d{4,12}\b",)
    """Regular expressions of the company's customer and order numbers."""
    default_region: str = ""
    """ISO 3166 country for phone numbers in national notation; empty: only international notation counts."""
    crm_may_match: bool = True
    crm_write_back: bool = True
    """Keep with the CRM's contact who they are on a network, and which tickets they had, where its connector can."""
    marketing_hold: bool = False
    """Mark a contact in the CRM as not to be sold to while a ticket of theirs is open."""
    ask_in_private: str = "by_agent"
    """Who asks customers in private who they are: "never" nobody; "by_agent" an agent, with /ask; "when_unknown" also
    Careloop by itself, once for each author and case."""
    ask_by: str = "link"
    """"link": to a form, checked against the CRM; "question": for the order or customer number."""
    ask_for: tuple[str, ...] = ("number", "email", "phone")
    """What the form asks for beside the name; one of them is enough."""
    ask_expires: timedelta = timedelta(hours=24)
    """How long a link is good: whole minutes, at most 14 days."""
    ask_again_after: timedelta = timedelta(days=30)
    """Careloop by itself asks the same author again after this long at the earliest."""
    ask_most_wrong: int = 3
    """After so many answers that did not match, only an agent may decide who somebody is."""
    brand_name: str = ""
    """What customers know you by, for questions to them; empty: the account's title."""
    ask_link_texts: Mapping[str, str] = field(default_factory=dict)
    """By language; {brand}, {link} and {hours} are filled in. Those that are not given: ours."""
    ask_question_texts: Mapping[str, str] = field(default_factory=dict)
    ask_thanks_texts: Mapping[str, str] = field(default_factory=dict)
    """Sent in the private conversation after a form was filled in, whatever came of it; none: nothing is sent."""
    signature_lines: tuple[str, ...] = ()
    """Lines that begin an agent's signature beside the usual ones."""
    reconcile_every: timedelta = timedelta(minutes=15)
    """How often an account with a webhook is polled too, for what its webhook lost; whole minutes, 0: never."""
    mirror_every: timedelta = timedelta(minutes=15)
    """How often the contact index follows each CRM that tells what changed; whole minutes, 0: never, then the CRM
    itself is asked for each author."""
    audit_at_hour: int = 3
    """The hour (UTC) in which the last 24 hours of every account are audited; -1: never."""

    store_media: bool = True
    """Copy customers' files into the ticket where the platform's terms allow it; off: links only."""
    most_media_megabytes: int = 10
    """Of one file that is copied; larger ones are linked."""
    redact_deleted: bool = True
    """Strike what a customer deleted on the platform out of the ticket, where the helpdesk can, and out of the archive
    of raw payloads."""
    erase_on_request: bool = True
    """Forget a person when the platform says that they asked for it (data-deletion callbacks)."""
    check_every: timedelta = timedelta(minutes=15)
    """How often every account, helpdesk and CRM is checked; whole minutes, at least 5."""
    warn_before_expiry: timedelta = timedelta(days=14)
    """How long before an access ends an alarm is raised."""


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "ask_in_private": tuple(AskInPrivate),
    "ask_by": tuple(AskBy),
    "ask_for": tuple(Told),
}
_DURATION_UNITS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


def _duration(name: str, value: object) -> timedelta:
    if isinstance(value, Mapping) and value and all(unit in _DURATION_UNITS for unit in value):
        return timedelta(seconds=sum(_DURATION_UNITS[str(unit)] * float(amount) for unit, amount in value.items()))
    raise ConfigurationError(f"policy {name}: a duration is a table such as {{ days = 7 }}")


def policy_from_mapping(data: Mapping[str, Any]) -> CarePolicy:
    """Read a policy (``tomllib``'s result). Unknown names and wrong types: all in one ConfigurationError."""
    known = {item.name: getattr(CarePolicy(), item.name) for item in fields(CarePolicy)}
    problems = [f"policy {name}: unknown setting" for name in data if name not in known]
    values: dict[str, Any] = {}
    for name, value in data.items():
        default = known.get(name)
        if default is None:
            continue
        if isinstance(default, timedelta):
            try:
                values[name] = _duration(name, value)
            except (ConfigurationError, TypeError, ValueError) as error:
                problems.append(str(error))
        elif isinstance(default, Mapping):
            if isinstance(value, Mapping) and all(isinstance(item, str) for item in value.values()):
                values[name] = dict(value)
            else:
                problems.append(f"policy {name}: a table of texts by language")
        elif isinstance(default, tuple):
            if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
                values[name] = tuple(value)
            else:
                problems.append(f"policy {name}: a list of strings")
        elif type(value) is type(default):
            values[name] = value
        else:
            problems.append(f"policy {name}: {type(default).__name__} expected")
    problems += _not_possible(values)
    if problems:
        raise ConfigurationError("; ".join(problems))
    return CarePolicy(**values)


def _not_possible(values: Mapping[str, Any]) -> list[str]:
    """Values of the right type that make no sense."""
    problems = []
    for name, allowed in _CHOICES.items():
        given = values.get(name, ())
        wrong = sorted(set((given,) if isinstance(given, str) else given) - set(allowed))
        if wrong or (name in values and not given):
            problems.append(f"policy {name}: one of {', '.join(allowed)} expected")
    for name in ("ask_link_texts", "ask_question_texts", "ask_thanks_texts"):
        problems += problems_of(name, values.get(name, {}), needs_link=name == "ask_link_texts")
    if not timedelta(minutes=5) <= values.get("ask_expires", timedelta(hours=1)) <= timedelta(days=14):
        problems.append("policy ask_expires: from 5 minutes to 14 days")
    if values.get("ask_most_wrong", 1) < 1:
        problems.append("policy ask_most_wrong: at least 1")
    return problems
