"""May this reply leave? Checked in a fixed order; a `Hold` is a result, and becomes a note with advice. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.account import Account
from chalicelib.core.capabilities import PlatformCapabilities
from chalicelib.core.case import Conversation
from chalicelib.core.events import Attachment, Visibility
from chalicelib.core.parcels import Parcel, attachment_refusal, parcels
from chalicelib.core.policy import CarePolicy
from chalicelib.core.text.length import TextLimits
from chalicelib.core.text.private_data import find_private_data
from chalicelib.core.text.split import UnsplittableTextError, split


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The reply stays here: ``reason`` in words, ``advice`` the next option, ``code`` for counting."""

    code: str
    reason: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """The reply may go, in these parts."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is asked: this cleaned text, from a public helpdesk entry, into this conversation."""

    entry_visibility: Visibility
    text: str
    attachments: tuple[Attachment, ...]
    account: Account
    title: str
    capabilities: PlatformCapabilities
    conversation: Conversation
    private_reply: bool
    now: datetime


def limits_for(proposal: Proposal) -> TextLimits:
    """The text limits that hold where the reply goes."""
    private = proposal.private_reply or proposal.conversation.visibility is Visibility.PRIVATE
    capabilities = proposal.capabilities
    return (capabilities.private_text_limits if private else None) or capabilities.text_limits


def judge(proposal: Proposal, policy: CarePolicy) -> Hold | Allow:
    """The first check that holds, else Allow with the parts."""
    for check in (_internal, _gone, _window, _answerable, _attachments, _empty, _private_data, _paused):
        hold = check(proposal, policy)
        if hold is not None:
            return hold
    return fit(proposal, policy)


def fit(proposal: Proposal, policy: CarePolicy) -> Hold | Allow:
    """The parts alone, whatever else would hold them: to go on with what has begun."""
    try:
        parts = split(proposal.text, limits_for(proposal), numbering=policy.number_parts)
    except UnsplittableTextError:
        return Hold(
            code="too_long",
            reason=f"it holds a link that is longer than a whole post on {proposal.title}",
            advice="Use a shorter link.",
        )
    if len(parts) > policy.max_parts:
        return Hold(
            code="too_long",
            reason=f"it would need {len(parts)} posts on {proposal.title} (at most {policy.max_parts})",
            advice="Shorten it, or answer in private with /private.",
        )
    if proposal.private_reply and len(_in_private(proposal, parts)) > 1:
        return Hold(
            code="too_long",
            reason=f"{proposal.title} lets us send one private message until the customer answers, and this needs more",
            advice="Shorten it to one message; the rest can follow when the customer has answered.",
        )
    return Allow(parts=parts)


def _in_private(proposal: Proposal, parts: tuple[str, ...]) -> tuple[Parcel, ...]:
    return parcels(parts, proposal.attachments, proposal.capabilities, private=True)


def _internal(proposal: Proposal, policy: CarePolicy) -> Hold | None:
    if proposal.entry_visibility is Visibility.PUBLIC:
        return None
    return Hold(code="internal", reason="internal notes never leave", advice="Write a public reply instead.")


def _gone(proposal: Proposal, policy: CarePolicy) -> Hold | None:
    if not proposal.conversation.gone:
        return None
    return Hold(
        code="gone",
        reason="the customer deleted the message that this would answer",
        advice="There is nothing to answer there any more. If you know another way to reach them, use it.",
    )


def _window(proposal: Proposal, policy: CarePolicy) -> Hold | None:
    limit = proposal.capabilities.private_reply_window if proposal.private_reply else proposal.capabilities.reply_window
    private = proposal.conversation.visibility is Visibility.PRIVATE
    age = proposal.now - proposal.conversation.last_message_at
    if limit is None or not (private or proposal.private_reply) or age <= limit:
        return None
    return Hold(
        code="window_closed",
        reason=f"{proposal.title} accepts private answers only within {_duration(limit.total_seconds())} "
        "of the customer's last message",
        advice="Wait until the customer writes again, or reach them another way.",
    )


def _answerable(proposal: Proposal, policy: CarePolicy) -> Hold | None:
    if proposal.conversation.answerable or proposal.private_reply:
        return None
    where = f" here: {proposal.conversation.permalink}" if proposal.conversation.permalink else ""
    return Hold(
        code="not_answerable",
        reason=f"{proposal.title} does not let us answer this message by API",
        advice=f"Answer it on {proposal.title} itself{where} — Careloop will see your answer and note it.",
    )


def _attachments(proposal: Proposal, policy: CarePolicy) -> Hold | None:
    if proposal.attachments and proposal.private_reply and not proposal.capabilities.private_reply_files:
        return file_hold(proposal.title, "a private answer to a public message is a text alone there")
    public = proposal.conversation.visibility is not Visibility.PRIVATE and not proposal.private_reply
    if proposal.attachments and public and not proposal.capabilities.public_files:
        return file_hold(proposal.title, "only private messages take files there")
    for item in proposal.attachments:
        why = attachment_refusal(item, proposal.capabilities)
        if why is not None:
            return file_hold(proposal.title, why)
    return None


def file_hold(title: str, why: str) -> Hold:
    """A reply stays because of a file."""
    return Hold(
        code="attachments",
        reason=f"its attachment can't go to {title}: {why}",
        advice="Write the reply without the attachment; put a link in it if the customer needs the file.",
    )


def _empty(proposal: Proposal, policy: CarePolicy) -> Hold | None:
    if proposal.text.strip() or proposal.attachments:
        return None
    return Hold(
        code="empty",
        reason="nothing is left of it without quoted text and signature",
        advice="Write your answer above the quoted text.",
    )


def _private_data(proposal: Proposal, policy: CarePolicy) -> Hold | None:
    public = proposal.conversation.visibility is not Visibility.PRIVATE and not proposal.private_reply
    if not policy.guard_private_data or not public:
        return None
    kinds = sorted(
        {finding.kind.replace("_", " ") for finding in find_private_data(proposal.text, policy.public_contacts)}
    )
    if not kinds:
        return None
    advice = "Remove it, or answer in private with /private." if proposal.capabilities.private_reply else "Remove it."
    return Hold(code="private_data", reason=f"everyone could read what looks like: {', '.join(kinds)}", advice=advice)


def _paused(proposal: Proposal, policy: CarePolicy) -> Hold | None:
    if not proposal.account.paused:
        return None
    return Hold(
        code="paused",
        reason=f"sending for {proposal.account.title} is paused",
        advice="Ask your administrator to resume it, then write an internal note with /retry.",
    )


def _duration(seconds: float) -> str:
    hours = round(seconds / 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
