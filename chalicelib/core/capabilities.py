"""What a platform, a helpdesk or a CRM allows, as data: shown in the README's table, asked by guard and pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from chalicelib.core.events import AttachmentKind, Surface
from chalicelib.core.media import MediaLimit
from chalicelib.core.text.length import TextLimits


class Threading(StrEnum):
    """How the parts of a long reply hang together."""

    FLAT = "flat"
    """Every part answers the customer's message."""
    CHAIN = "chain"
    """Every part answers the part before."""
    NONE = "none"
    """There are no threads; parts follow in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformTerms:
    """What the platform's terms let us do with what we learn."""

    may_match_crm: bool = True
    """False: only by what a person tells us directly, in private."""
    may_match_told: bool = True
    """False: not even by that; an agent may link whoever says who they are."""
    may_store_text: bool = True
    may_store_media: bool = True
    """False: media are linked, never copied (stories)."""
    retention: timedelta | None = None
    note: str = ""
    """The terms in one sentence, for the brief and the README."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformCapabilities:
    """One platform. Limits name their source in the connector's README."""

    surfaces: frozenset[Surface]
    text_limits: TextLimits
    private_text_limits: TextLimits | None = None
    """Where private messages have other limits than public ones."""
    attachments: frozenset[AttachmentKind] = frozenset()
    """Kinds that we can send."""
    media: tuple[MediaLimit, ...] = ()
    """What of them, by type and size; for each kind of ``attachments`` at least one."""
    most_attachments: int = 1
    """Files that one message takes."""
    most_private_attachments: int | None = None
    """Where a private message takes fewer."""
    caption_limits: TextLimits | None = None
    """Of a text that goes along with a file, where they are narrower; a longer one goes first, as a part of its own."""
    text_with_media: bool = True
    """False: a message has either text or a file, so the text goes first, each as a part of its own."""
    public_files: bool = True
    """False: only private messages take files."""
    private_reply_files: bool = True
    """False: a private reply to a public message is a text alone."""
    reply_window: timedelta | None = None
    """After the customer's last message, for private messages; None: no window."""
    private_reply: bool = False
    """A public message can be answered in private by API."""
    private_reply_window: timedelta | None = None
    threading: Threading = Threading.FLAT
    edit: bool = False
    delete: bool = False
    hide: bool = False
    delivery_updates: bool = False
    updates_carry_key: bool = False
    """They hand our delivery key back: what nobody knew of is settled by them."""
    idempotent_send: bool = False
    """Sending the same delivery key twice leads to one message: an unknown outcome is settled by sending again."""
    polls: bool = False
    """Events come by polling; there is no webhook."""
    rereads_threads: bool = True
    """False: threads of open cases are not read again one by one; the poll itself notices what is new in old ones."""
    link_hint: str = ""
    """What an agent should know before putting a link into a public answer (it costs more)."""
    answerable_always: bool = True
    """False: the platform may refuse answers by API (X: only when summoned)."""
    terms: PlatformTerms = field(default_factory=PlatformTerms)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateLimit:
    """How often one user may write into one ticket: ``updates`` in any window of ``per``. Less than the helpdesk says,
    so that notes still fit."""

    updates: int
    per: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpdeskCapabilities:
    """One helpdesk."""

    acts_as_customer: bool
    """A comment can be written in the customer's name."""
    idempotent_create: bool
    closed_is_final: bool
    reopens_by_itself: bool
    """A customer's comment reopens a solved ticket without our asking."""
    html: bool = False
    """What agents write comes as HTML."""
    signed_webhooks: bool = False
    """Webhooks prove themselves, be it by a secret in a header: there are VERIFY credentials."""
    native_delivery_state: bool = False
    polls: bool = True
    update_limit: UpdateLimit | None = None
    """Customers' messages beyond it are written together."""
    most_file_bytes: int = 0
    """Of one file that a ticket entry takes; 0: it takes none, media are linked."""
    redacts: bool = False
    """What a customer deleted can be struck out of the ticket."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmCapabilities:
    """One CRM."""

    finds_by: frozenset[str]
    """Values of `ClueKind` that it can look up exactly."""
    lists_contacts: bool = False
    """By change feed, deletions included where the CRM tells them."""
    in_index: bool = False
    """Its contacts are those of the contact index itself: the built-in directory."""
    links_identities: bool = False
    logs_interactions: bool = False
    holds_marketing: bool = False
    note: str = ""
