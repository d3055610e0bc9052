"""What HTML elements mean to somebody who wants an agent's words: tables of names, classes and ids."""

from __future__ import annotations

import re
from enum import StrEnum

from chalicelib.core.text._html import Tag


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


class Role(StrEnum):
    """What an element does to the text in it."""

    PLAIN = "plain"
    HIDDEN = "hidden"
    QUOTE = "quote"
    SIGNATURE = "signature"
    PREFORMATTED = "preformatted"


PARAGRAPHS = _names("p h1 h2 h3 h4 h5 h6 ul ol dl table blockquote pre hr fieldset figure")
"""Elements with a blank line before and behind."""
LINES = _names("div li tr dt dd section article header footer main aside nav address form center caption")
"""Elements that begin and end a line."""
REST_IS_QUOTED_IDS = _names("appendonsend divRplyFwdMsg")
"""Outlook writes the original message behind these, outside any container."""

_HIDDEN = _names("title template svg math object iframe audio video canvas select noscript datalist")
# Containers by which mail programs and helpdesks mark what the agent did not write. Gmail's and RT's div.gmail_quote is
# not among them: answers between the quotations stand in it too.
_QUOTE_CLASSES = _names(
    "gmail_attr yahoo_quoted moz-cite-prefix protonmail_quote freshdesk_quote tutanota_quote zmail_extra"
)
_QUOTE_IDS = _names("OLK_SRC_BODY_SECTION mail-editor-reference-message-container reply-intro")
_QUOTE_ATTRIBUTES = _names("data-o-mail-quote data-o-mail-quote-container")
_SIGNATURE_CLASSES = _names(
    "gmail_signature gmail_signature_prefix moz-signature protonmail_signature_block o_signature signature"
)
_SIGNATURE_IDS = _names("Signature signature ms-outlook-mobile-signature Zm-_Id_-Sgn")
_SIGNATURE_ATTRIBUTES = {"data-signature": "true", "data-smartmail": "gmail_signature"}
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)


def role_of(tag: Tag) -> Role:
    """The role of the element that `tag` begins."""
    attributes = tag.attributes
    classes = frozenset(attributes.get("class", "").split())
    identity = attributes.get("id", "")
    if tag.name in _HIDDEN or "hidden" in attributes or _INVISIBLE.search(attributes.get("style", "")):
        return Role.HIDDEN
    if (
        tag.name == "blockquote"
        or classes & _QUOTE_CLASSES
        or identity in _QUOTE_IDS
        or not _QUOTE_ATTRIBUTES.isdisjoint(attributes)
    ):
        return Role.QUOTE
    if (
        classes & _SIGNATURE_CLASSES
        or identity in _SIGNATURE_IDS
        or any(attributes.get(name) == value for name, value in _SIGNATURE_ATTRIBUTES.items())
    ):
        return Role.SIGNATURE
    return Role.PREFORMATTED if tag.name == "pre" else Role.PLAIN


def is_visible_image(tag: Tag) -> bool:
    """False for pictures that only count readers."""
    return role_of(tag) is not Role.HIDDEN and not {tag.attributes.get("width"), tag.attributes.get("height")} & {
        "0",
        "1",
    }
