"""Small bounded jobs and hints on their way through queues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.disposition import ParkedItem
from chalicelib.core.events import HelpdeskHint
from chalicelib.core.ids import AccountKey, ThreadId


@dataclass(frozen=True, slots=True, kw_only=True)
class HintEnvelope:
    """A helpdesk's hint in the outbound queue. ``helpdesk`` is the connection's name."""

    helpdesk: str
    hint: HelpdeskHint
    received_at: datetime
    correlation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollAccount:
    """Poll one account once."""

    account: AccountKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PollHelpdesk:
    """Ask one helpdesk once which tickets changed."""

    helpdesk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RereadThread:
    """Read one thread of an open case again."""

    account: AccountKey
    thread: ThreadId


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkPayload:
    """Put something into the parking lot: the public function may only write queues and the archive."""

    item: ParkedItem


Job = PollAccount | PollHelpdesk | RereadThread | ParkPayload


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnvelope:
    """A job in the jobs queue."""

    job: Job
    made_at: datetime
