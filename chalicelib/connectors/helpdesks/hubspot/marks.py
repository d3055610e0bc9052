"""What of an entry is ours: its last line, ``[careloop entry]``, in notes of ours ``[careloop note entry]``. Pure.

Notes have no field for it that every account has. The mark counts only at the very end: further up it is a quotation or
a customer's own words.
"""

from __future__ import annotations

import html
import re

from chalicelib.core.ids import digest

_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,100}")
_MARK = re.compile(r"\[careloop (?:note )?([A-Za-z0-9._-]{1,100})\]\Z")
_BREAKS = re.compile(r"<br\s*/?>|</p>|</div>", re.IGNORECASE)
_TAGS = re.compile(r"<[^>]*>")


def name_of(external_id: str) -> str:
    """An entry's id as it stands in a mark."""
    return external_id if _PLAIN.fullmatch(external_id) else digest(external_id, length=40)


def mark(external_id: str, *, public: bool) -> str:
    """The last line of an entry of ours."""
    return f"[careloop {'' if public else 'note '}{name_of(external_id)}]"


def marked(text: str) -> str | None:
    """The entry that a text (HTML or plain) is of, or None."""
    found = _MARK.search(_TAGS.sub("", text).replace("&nbsp;", " ").rstrip())
    return found[1] if found else None


def plain(text: str) -> str:
    """HTML as text."""
    return html.unescape(_TAGS.sub("", _BREAKS.sub("\n", text))).replace("\xa0", " ").strip()


def answer(text: str, word: str) -> str | None:
    """What follows `word` where a note begins with it, as HTML; None: the note is no answer."""
    start = r"\A((?:\s|&nbsp;|<[^>]*>)*)" + re.escape(word) + r"(?=[\s:<&]|\Z):?(?:\s|&nbsp;)*"
    found = re.match(start, text, re.IGNORECASE) if word else None
    return found[1] + text[found.end() :] if found else None
