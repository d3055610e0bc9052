"""Stage: where an agent's reply goes, and by which client."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.core.account import Account
from chalicelib.core.capabilities import PlatformCapabilities
from chalicelib.core.case import Case, Conversation, Route
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.events import Visibility
from chalicelib.core.guard import Hold
from chalicelib.core.ids import ConversationKey
from chalicelib.ports.platform import HasCapabilities, PlatformClient
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.spec import Level, PlatformSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a reply goes."""

    conversation: Conversation
    account: Account
    spec: PlatformSpec
    client: PlatformClient
    private_reply: bool
    private_only: bool = False
    """What goes there must not go anywhere that others can read."""

    @property
    def is_private(self) -> bool:
        """Whether nobody but the customer can read what goes there."""
        return self.private_reply or self.conversation.visibility is Visibility.PRIVATE

    @property
    def capabilities(self) -> PlatformCapabilities:
        """What holds for this very account."""
        own = self.client.capabilities if isinstance(self.client, HasCapabilities) else None
        return own or self.spec.capabilities


def choose(runtime: Runtime, case: Case, pinned: ConversationKey | None = None) -> Destination | Hold:
    """The conversation of the customer's latest message; by /public the latest public one; by /private the latest
    private one, else a private answer to the latest public message. What the agent wants in private never goes public:
    where there is no private way, the reply is held. ``pinned``: a part of the reply stands there already, and the rest
    follows it."""
    conversation, private_reply = _conversation(case, pinned)
    account = runtime.stores.directory.get_account(conversation.key.thread.account)
    spec = runtime.connectors.platform_spec(account.key.platform)
    try:
        client = runtime.connectors.platform(account)
    except ConfigurationError:
        return Hold(
            code="configuration",
            reason=f"the access to {account.title} on {spec.title} is not set up",
            advice="Ask your administrator to set it up, then write an internal note with /retry.",
        )
    if spec.level < Level.REPLIES:
        conversation, private_reply = replace(conversation, answerable=False), False
    elif private_reply and not spec.capabilities.private_reply:
        return Hold(
            code="no_private_answer",
            reason=f"{spec.title} has no private answer to a public message by API, and you asked for private",
            advice="Write /public in an internal note to answer in public, then /retry.",
        )
    return Destination(
        conversation=conversation, account=account, spec=spec, client=client, private_reply=private_reply
    )


def _conversation(case: Case, pinned: ConversationKey | None) -> tuple[Conversation, bool]:
    """The conversation to answer in, and whether its public message is to be answered in private."""
    known = case.conversation(pinned) if pinned is not None else None
    if known is not None:
        return known, False
    latest = case.latest
    private = [item for item in case.conversations if item.visibility is Visibility.PRIVATE]
    public = [item for item in case.conversations if item.visibility is Visibility.PUBLIC]
    if case.route is Route.PUBLIC and public:
        return max(public, key=_age), False
    if case.route is Route.PRIVATE and latest.visibility is not Visibility.PRIVATE:
        return (max(private, key=_age), False) if private else (latest, True)
    return latest, False


def _age(conversation: Conversation) -> float:
    return conversation.last_message_at.timestamp()
