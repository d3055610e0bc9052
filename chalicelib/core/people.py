"""People: as a platform knows them (author), as the CRM knows them (contact), and whether they are the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.core.ids import AuthorKey, ContactRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What an author's public profile says beside the name: hints for ranking suggestions, never evidence for a link.
    Not kept with a case."""

    bio: str | None = None
    website: str | None = None
    location: str | None = None
    verified: bool | None = None
    followers: int | None = None
    account_created: datetime | None = None
    avatar_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote. Only ``key`` is certain; everything else is what the platform chose to tell."""

    key: AuthorKey
    handle: str | None = None
    """Without the leading @."""
    display_name: str | None = None
    profile_url: str | None = None
    email: str | None = None
    phone: str | None = None
    """E.164 where the platform gives one."""
    locale: str | None = None
    alternative_ids: tuple[str, ...] = ()
    """Other ids of the same person on this platform; they rotate."""
    is_brand: bool = False
    """True for the account's own presence: what it writes is an echo."""
    profile: Profile | None = None

    @property
    def label(self) -> str:
        """How to name this person to an agent: display name and handle, else the id."""
        if self.display_name and self.handle:
            return f"{self.display_name} (@{self.handle})"
        return self.display_name or (f"@{self.handle}" if self.handle else str(self.key.author))


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialHandle:
    """A presence of a contact on a platform, as the CRM has it recorded."""

    platform: str
    handle: str | None = None
    user_id: str | None = None
    avatar_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person in the CRM."""

    ref: ContactRef
    name: str
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    """E.164."""
    social: tuple[SocialHandle, ...] = ()
    customer_numbers: tuple[str, ...] = ()
    company: str | None = None
    city: str | None = None
    country: str | None = None
    language: str | None = None
    url: str | None = None
    """Where an agent opens this contact in the CRM."""
    given_name: str | None = None
    family_name: str | None = None
    """Where the CRM keeps the name's parts apart; ``name`` holds the whole in any case."""
    created: datetime | None = None
    """Since when the CRM has this contact."""


class ClueKind(StrEnum):
    """The kinds of clue that decide by themselves."""

    PLATFORM_ID = "platform_id"
    HANDLE = "handle"
    EMAIL = "email"
    PHONE = "phone"
    CUSTOMER_NUMBER = "customer_number"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Clue:
    """One normalised thing to look a contact up by.

    ``value`` is normalised by kind: e-mail and handle in lower case without @ in front, phone in E.164, customer number
    in upper case without blanks. ``platform`` is set for PLATFORM_ID and HANDLE. ``source`` says in the agent's words
    where it was seen: "profile", "private message", "platform id".
    """

    kind: ClueKind
    value: str
    platform: str = ""
    source: str = "profile"

    @property
    def index_key(self) -> str:
        """The exact-match key under which a contact index files this clue."""
        return f"{self.kind.value}:{self.platform}:{self.value}" if self.platform else f"{self.kind.value}:{self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """All clues about one author, strongest kind first."""

    items: tuple[Clue, ...] = ()


class Verdict(StrEnum):
    """How sure we are that the author is a contact."""

    LINKED = "linked"
    SUGGESTED = "suggested"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One reason: ``what`` agreed ("e-mail kim@example.com"), how strongly (0..1), and where it was seen."""

    what: str
    strength: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A contact that may be the author, with its reasons."""

    contact: Contact
    evidence: tuple[Evidence, ...] = ()
    confidence: float = 0.0
    """Calibrated: of candidates shown with 0.7, seven in ten are the author."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactMatch:
    """The outcome of matching. LINKED has ``contact``; SUGGESTED has ``candidates``, at most three, the likeliest
    first; ``note`` says what hindered. ``flags``: what an agent must beware of, each "code: words" with the code one of
    "impostor", "duplicate", "recycled", "third-party" ("impostor: copies the name and picture of …")."""

    verdict: Verdict
    contact: Contact | None = None
    confidence: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    note: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A remembered link between an author and a contact: who decided, when and why."""

    author: AuthorKey
    contact: ContactRef
    contact_name: str
    decided_by: str
    """"careloop", or an agent's name or id."""
    decided_at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """What an agent ruled out for an author: one contact (/unlink), or every contact (/not-a-customer: ``contact``
    None)."""

    author: AuthorKey
    decided_by: str
    decided_at: datetime
    why: str
    contact: ContactRef | None = None
    contact_name: str = ""
