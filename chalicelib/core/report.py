"""The report of an audit: counts, what must be looked at, and a seal that shows a later change. Pure.

A report holds ids, times and reasons: no message texts, no names of customers.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.core.audit import (
    EXCEPTIONS,
    REPLY_EXCEPTIONS,
    UNACCOUNTED,
    UNACCOUNTED_REPLIES,
    Finding,
    ReplyFinding,
    Standing,
)
from chalicelib.core.codec import to_json
from chalicelib.core.ids import AccountKey

MOST_FINDINGS = 400
"""Of each kind in one report; what is more is counted, and named when a shorter period is audited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """One account, one period (``since`` included, ``until`` not).

    ``listed``: events of the platform's own list; ``unlisted``: events that only the ledger has; together they are the
    sum of ``counts``. ``noise``: reasons and how often. ``findings``: the exceptions, ``waiting``: what waits for an
    agent, each the oldest first; ``left_out``: how many more there are. ``no_list``: why the platform's side lacks.
    ``gaps``: what else kept the audit from being whole. ``previous``: the seal of the account's report before.
    """

    id: str
    account: AccountKey
    since: datetime
    until: datetime
    made_at: datetime
    listed: int = 0
    unlisted: int = 0
    unreadable: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    noise: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    waiting: tuple[Finding, ...] = ()
    replies: Mapping[str, int] = field(default_factory=dict)
    reply_findings: tuple[ReplyFinding, ...] = ()
    left_out: int = 0
    no_list: str = ""
    gaps: tuple[str, ...] = ()
    previous: str = ""
    seal: str = ""

    @property
    def total(self) -> int:
        """All events, each counted once."""
        return sum(self.counts.values())

    @property
    def exceptions(self) -> int:
        """How much is to be looked at."""
        replies = sum(self.replies.get(item, 0) for item in REPLY_EXCEPTIONS)
        return sum(self.counts.get(item, 0) for item in EXCEPTIONS) + replies + self.unreadable

    @property
    def unaccounted(self) -> int:
        """How much has no disposition: what must not be."""
        replies = sum(self.replies.get(item, 0) for item in UNACCOUNTED_REPLIES)
        return sum(self.counts.get(item, 0) for item in UNACCOUNTED) + replies


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """A person has looked at a report, as it was with this ``seal``. ``by``: an operator's own word for themselves."""

    report: str
    seal: str
    by: str
    at: datetime
    note: str = ""


def filled(
    blank: AuditReport,
    findings: Sequence[Finding],
    replies: Sequence[ReplyFinding],
    *,
    listed: int,
    most: int = MOST_FINDINGS,
) -> AuditReport:
    """`blank` with everything that was found, each event once. ``listed``: how many of `findings` were listed."""
    wrong = _oldest(item for item in findings if item.standing in EXCEPTIONS)
    waiting = _oldest(item for item in findings if item.standing is Standing.WAITING)
    silent = sorted((item for item in replies if item.standing in REPLY_EXCEPTIONS), key=lambda item: item.at)
    return replace(
        blank,
        listed=listed,
        unlisted=len(findings) - listed,
        counts=dict(sorted(Counter(item.standing.value for item in findings).items())),
        noise=dict(sorted(Counter(item.reason for item in findings if item.standing is Standing.NOISE).items())),
        findings=tuple(wrong[:most]),
        waiting=tuple(waiting[:most]),
        replies=dict(sorted(Counter(item.standing.value for item in replies).items())),
        reply_findings=tuple(silent[:most]),
        left_out=sum(max(0, len(items) - most) for items in (wrong, waiting, silent)),
    )


def _oldest(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda item: (item.at, item.key))


def sealed(report: AuditReport, previous: str) -> AuditReport:
    """`report` behind the one whose seal is `previous`, with a digest over all of it."""
    behind = replace(report, previous=previous, seal="")
    return replace(behind, seal=_digest(behind))


def is_intact(report: AuditReport) -> bool:
    """Whether a report reads as it was sealed."""
    return report.seal == _digest(replace(report, seal=""))


def _digest(report: AuditReport) -> str:
    return hashlib.sha256(to_json(report).encode("utf-8", "surrogatepass")).hexdigest()
