"""What an agent wrote in a helpdesk, made into what may be posted: no markup, no quotations, no signatures.

Every step keeps the agent's own words when in doubt, and what was taken out is named, so that the agent can be told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.core.text._quotes import without_quotes
from chalicelib.core.text._signatures import without_device_line, without_signature
from chalicelib.core.text.normalise import clean_text


class Stripped(StrEnum):
    """What may have been taken out of a reply, in words for the agent's note."""

    QUOTATION = "quotation"
    SIGNATURE = "signature"
    DEVICE_LINE = "device line"
    """Such as "Sent from my iPhone"."""
    IMAGES = "inline images"


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanReply:
    """``text`` is ready to be measured and posted, and may be empty; ``stripped`` holds values of `Stripped`."""

    text: str
    stripped: tuple[str, ...] = ()


# Signature, device line, signature of the mailing list ...: more than this nobody has.
_MOST_ENDINGS = 4
# Blanks that nobody sees as such. Joiners (U+200C, U+200D) and selectors stay: they make letters and emoji.
_NO_WIDTH = re.compile("[\u200b\u2060\ufeff\u00ad]")
_BLANK = re.compile("[\u00a0\u202f\u2007]")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
_MANY_LINES = re.compile(r"\n{3,}")


def html_to_text(html: str) -> str:
    """`html` as plain text, without quotations and signature containers.

    Paragraphs stand apart by a blank line, list items begin with "- " or "1. ", links read "text (url)" unless the text
    is the url, cells of a row are joined by " | ". Scripts, styles and pictures are dropped, but for emoji.
    """
    from chalicelib.core.text._render import render

    return _tidy(without_quotes(_plain(render(html).text))[0])


def post_to_text(html: str) -> str:
    """`html` that a person posted as plain text, as `html_to_text` but with everything that they quote."""
    from chalicelib.core.text._render import render

    return _tidy(_plain(render(html).text))


def strip_quotes(text: str) -> str:
    """Plain `text` less quoted messages and the lines that introduce them, in the mail programs' usual forms.

    Lines marked with ">" go, wherever they stand; what is written between and below them stays. "On Monday I wrote:"
    goes only before such lines. Behind "-----Original Message-----" or Outlook's head lines everything goes.
    """
    return without_quotes(text)[0].strip("\n")


def strip_signature(text: str, signature_lines: Sequence[str] = ()) -> str:
    """Plain `text` less a signature ("-- " and a short block below it) and lines such as "Sent from my iPhone".

    `signature_lines`: further lines that begin a signature (`CarePolicy.signature_lines`).
    """
    return _without_ending(text, signature_lines)[0]


def clean_reply(*, text: str | None = None, html: str | None = None, signature_lines: Sequence[str] = ()) -> CleanReply:
    """The agent's own words. `html` is preferred where it says anything: it marks quotations surely, text does not."""
    stripped: list[str] = []
    source = text or ""
    if html and html.strip():
        from chalicelib.core.text._render import render

        rendered = render(html)
        if rendered.text.strip() or rendered.images or rendered.has_signature:
            source = rendered.text
            stripped += [Stripped.IMAGES] * bool(rendered.images) + [Stripped.SIGNATURE] * rendered.has_signature
    result, had_quotes = without_quotes(_plain(source))
    result, endings = _without_ending(result, signature_lines)
    found = {*stripped, *endings, *([Stripped.QUOTATION] if had_quotes else [])}
    return CleanReply(text=_tidy(result), stripped=tuple(name for name in Stripped if name in found))


def _without_ending(text: str, signature_lines: Sequence[str]) -> tuple[str, list[str]]:
    found: list[str] = []
    for _ in range(_MOST_ENDINGS):
        text, had_device_line = without_device_line(text)
        text, had_signature = without_signature(text, signature_lines)
        if not had_device_line and not had_signature:
            break
        found += [Stripped.DEVICE_LINE] * had_device_line + [Stripped.SIGNATURE] * had_signature
    return text, found


def _plain(text: str) -> str:
    """Line ends and blanks in one form each."""
    return _NO_WIDTH.sub("", _BLANK.sub(" ", clean_text(text)))


def _tidy(text: str) -> str:
    """No blanks at line ends, one blank line at most between two others, none around the text."""
    return _MANY_LINES.sub("\n\n", _TRAILING.sub("", text)).strip()
