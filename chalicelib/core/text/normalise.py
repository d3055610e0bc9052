"""Strings from strangers, made safe to store, compare and log in JSON."""

from __future__ import annotations

import re

# \r is here too: it is either half of a line end or nothing at all.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_LINE_END = re.compile("\r\n?")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_X_ENTITY = re.compile("&(amp|lt|gt);")
_X_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}


def clean_text(value: str) -> str:
    """`value` without what breaks stores and terminals; everything that a person could have meant is kept.

    CRLF and a lone CR become LF. Other C0 controls and DEL are removed, except tab and LF. The two halves of a
    surrogate pair are joined; a half without its other half becomes U+FFFD, because it can't be written as UTF-8.
    """
    if _UNSAFE.search(value) is None:
        return value
    value = _CONTROL.sub("", _LINE_END.sub("\n", value))
    if _SURROGATE.search(value) is None:
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def unescape_html(value: str) -> str:
    """X escapes exactly ``&``, ``<`` and ``>`` in the text of a post; undo these three, once.

    Other entities stay: whoever wrote ``&euro;`` on X meant these six characters. Source: docs.x.com, the v2 Post
    object (2026-08).
    """
    return _X_ENTITY.sub(lambda match: _X_ENTITIES[match[1]], value) if "&" in value else value
