"""The Send API of the Meta twin: windows, tags, private replies, and every refusal that Meta documents for them.

Sources: Send API reference; Messenger Platform > Policy overview (2026-09-28), Private replies (2026-04-16), Error
codes (2026-06-25).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from careloop.twins.meta_errors import GraphError, invalid
from careloop.twins.meta_files import attachment_of
from careloop.twins.meta_hooks import MetaHooks
from careloop.twins.meta_world import Data, MetaWorld, Refused

STANDARD = timedelta(hours=24)
HUMAN = timedelta(days=7)
PRIVATE_REPLY = timedelta(days=7)
_TYPES = ("RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY")
_MESSAGE_PARTS = frozenset({"text", "attachment", "metadata", "quick_replies"})
_LONGEST_TEXT = 2000
_LONGEST_METADATA = 1000


def send(world: MetaWorld, hooks: MetaHooks, page: Data, given: Data) -> Data:
    """``POST /{page}/messages``. Raises GraphError."""
    message = _checked(given.get("message"))
    if page["restricted"]:
        raise GraphError(368, "The action attempted has been deemed abusive or is otherwise disallowed")
    recipient = given.get("recipient")
    if not isinstance(recipient, dict) or len(recipient) != 1:
        raise invalid("The parameter recipient is required")
    kind, name = next(iter(recipient.items()))
    if kind == "id":
        thread = _answered(world, hooks, page, str(name), given)
    elif kind in ("comment_id", "post_id"):
        thread = _private_reply(world, page, kind, str(name))
    else:
        raise invalid("Invalid keys were found in param 'recipient'")
    made = write(
        world,
        hooks,
        thread,
        message.get("text", ""),
        hooks.app_id,
        metadata=message.get("metadata"),
        files=[attachment_of(world, message["attachment"])] if "attachment" in message else [],
    )
    return {"recipient_id": thread["psid"], "message_id": made["id"]}


def write(
    world: MetaWorld,
    hooks: MetaHooks,
    thread: Data,
    text: str,
    app: str,
    *,
    metadata: str | None = None,
    files: Sequence[Data] = (),
) -> Data:
    """A message by the page, and its echo."""
    made = world.add_message(thread, by_page=True, text=text, app_id=app, attachments=list(files))
    part = {"mid": made["id"], "is_echo": True, "app_id": int(app), **({"text": text} if text else {})}
    part |= {"attachments": list(files)} if files else {}
    part |= {"metadata": metadata} if metadata else {}
    hooks.messaged(thread, "message_echoes", {"message": part}, by_page=True)
    return made


def _checked(message: Any) -> Data:
    """The message itself: a text or a file, not too long, nothing unknown."""
    if not isinstance(message, dict):
        raise invalid("The parameter message is required")
    unknown = sorted(set(message) - _MESSAGE_PARTS)
    if unknown:
        raise invalid(f'Invalid keys "{", ".join(unknown)}" were found in param "message".')
    text, metadata = message.get("text"), message.get("metadata", "")
    if ("text" in message) == ("attachment" in message):
        raise invalid("Must include exactly one of text and attachment")
    if "text" in message and (not isinstance(text, str) or not text.strip()):
        raise invalid("Message cannot be empty, must provide valid attachment or text")
    if isinstance(text, str) and len(text) >= _LONGEST_TEXT:
        raise invalid(f"Length of param message[text] must be less than or equal to {_LONGEST_TEXT}")
    if not isinstance(metadata, str) or len(metadata) >= _LONGEST_METADATA:
        raise invalid(f"Length of param message[metadata] must be less than or equal to {_LONGEST_METADATA}")
    return message


def _answered(world: MetaWorld, hooks: MetaHooks, page: Data, psid: str, given: Data) -> Data:
    thread = world.data["threads"].get(psid)
    if thread is None or thread["page"] != page["id"]:
        raise invalid("No matching user found", 2018001)
    if thread["blocked"]:
        raise GraphError(551, "(#551) This person isn't available right now.", subcode=1545041)
    if thread["owner"] not in (None, hooks.app_id):
        raise invalid("The thread is controlled by another app", 2534037)
    window = _window(page, str(given.get("messaging_type", "RESPONSE")), given.get("tag"))
    if not world.is_within(thread["spoke_at"], window):
        raise GraphError(10, "(#10) This message is sent outside of allowed window.", subcode=2018278)
    found: Data = thread
    return found


def _window(page: Data, kind: str, tag: Any) -> timedelta:
    if kind not in _TYPES:
        raise invalid("Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG, UTILITY}")
    if kind != "MESSAGE_TAG":
        return STANDARD
    if tag != "HUMAN_AGENT":
        raise invalid("Invalid parameter")
    if not page["human_agent"]:
        raise GraphError(200, "(#200) The app is not reviewed for the Human Agent feature.", subcode=2018028)
    return HUMAN


def _private_reply(world: MetaWorld, page: Data, kind: str, name: str) -> Data:
    """One message to whoever wrote the comment or post, within a week; it opens a thread, but no window."""
    try:
        found = world.comment(name) if kind == "comment_id" else world.post(name)
    except Refused:
        raise invalid("Invalid comment or post", 2534025) from None
    if not page["messaging"]:
        raise GraphError(10904, "(#10904) Page messaging is not enabled")
    if found["page"] != page["id"] or "user" not in found["author"]:
        raise GraphError(10903, "(#10903) This user cant reply to this activity")
    if found["private_reply"]:
        raise GraphError(10900, "(#10900) Activity already replied to")
    if not world.is_within(found["created"], PRIVATE_REPLY):
        raise GraphError(10903, "(#10903) This user cant reply to this activity")
    thread = world.thread_with(found["author"]["user"], page["id"])
    if thread["blocked"]:
        raise GraphError(551, "(#551) This person isn't available right now.", subcode=1545041)
    found["private_reply"] = thread["id"]
    return thread
