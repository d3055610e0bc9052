"""HTML that an agent wrote, as lines of plain text; quotations marked, signatures and pictures left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chalicelib.core.text._html import VOID, Tag, tokens
from chalicelib.core.text._markup import LINES, PARAGRAPHS, REST_IS_QUOTED_IDS, Role, is_visible_image, role_of

_WHITE = re.compile(r"[ \t\n\r\f]+")
_DEEPEST_INDENT = 4
_FOLLOWED = ("http://", "https://", "mailto:", "tel:")
_SAME_LINK = re.compile(r"^(?:https?://(?:www\.)?|mailto:|tel:|www\.)|/$")


@dataclass(slots=True)
class Rendered:
    """The text so far. ``lines``: quoted ones begin with "> ". ``images``: how many pictures were left out."""

    lines: list[str] = field(default_factory=list)
    images: int = 0
    has_signature: bool = False

    @property
    def text(self) -> str:
        """All lines, quoted ones too."""
        return "\n".join(self.lines)


def render(source: str) -> Rendered:
    """`source` as text: paragraphs, lists, links as "text (url)", table rows as "a | b"."""
    writer = _Writer()
    for token in tokens(source):
        if isinstance(token, str):
            writer.write(token)
        elif token.is_end:
            writer.close(token.name)
        else:
            writer.open(token)
    writer.end_line()
    return writer.rendered


@dataclass(slots=True)
class _Link:
    url: str
    text: list[str] = field(default_factory=list)


class _Writer:
    """Follows the open elements and writes lines."""

    def __init__(self) -> None:
        self.rendered = Rendered()
        self._line = ""
        self._line_is_quoted = False
        self._marker = ""
        self._begins_cell = False
        self._wants_blank = False
        self._open: list[tuple[str, Role]] = []
        self._names: Counter[str] = Counter()
        self._roles: Counter[Role] = Counter()
        self._rest_is_quoted = False
        self._lists: list[int | None] = []
        self._links: list[_Link] = []

    # -- text ----------------------------------------------------------------------------------------------------------

    def write(self, text: str) -> None:
        if self._roles[Role.HIDDEN]:
            return
        if self._roles[Role.SIGNATURE]:
            self.rendered.has_signature = self.rendered.has_signature or bool(text.strip())
            return
        if self._roles[Role.PREFORMATTED]:
            first, *others = text.replace("\r\n", "\n").split("\n")
            self._append(first)
            for line in others:
                self.break_line()
                self._append(line)
            return
        collapsed = _WHITE.sub(" ", text)
        self._append(collapsed.lstrip(" ") if not self._line or self._line.endswith(" ") else collapsed)

    def _append(self, text: str) -> None:
        if not text or (self._begins_cell and not text.strip()):
            return
        if self._begins_cell:
            self._line = f"{self._line.rstrip()} | "
            self._begins_cell = False
        if not self._line:
            self._line_is_quoted = self._is_quoting()
            if self._wants_blank and self.rendered.lines:
                self._add_line("")
            self._wants_blank = False
            self._line, self._marker = self._marker, ""
        self._line += text
        if self._links:
            self._links[-1].text.append(text)

    def _is_quoting(self) -> bool:
        return self._rest_is_quoted or self._roles[Role.QUOTE] > 0

    def _add_line(self, line: str) -> None:
        is_quoted = self._line_is_quoted if line else self._is_quoting()
        self.rendered.lines.append(f"> {line}".rstrip() if is_quoted else line.rstrip(" \t"))

    def end_line(self) -> None:
        """End the line, if one was begun."""
        if self._line:
            self._add_line(self._line)
            self._line = ""
        self._begins_cell = False

    def break_line(self) -> None:
        """End the line; an empty one counts."""
        if self._line:
            self.end_line()
        elif self.rendered.lines and not self._marker:
            self._add_line("")

    def _end_block(self, name: str) -> None:
        self.end_line()
        if name in PARAGRAPHS and not self._lists:
            self._wants_blank = True

    # -- elements ------------------------------------------------------------------------------------------------------

    def open(self, tag: Tag) -> None:
        role = role_of(tag)
        if tag.attributes.get("id") in REST_IS_QUOTED_IDS:
            self.end_line()
            self._rest_is_quoted = True
        if tag.name in PARAGRAPHS or tag.name in LINES:
            self._end_block(tag.name)
        elif role is Role.QUOTE:
            self.end_line()
        if tag.name not in VOID:
            self._open.append((tag.name, role))
            self._names[tag.name] += 1
            self._roles[role] += 1
        starter = _STARTERS.get(tag.name)
        if starter is not None and not self._roles[Role.HIDDEN]:
            starter(self, tag)

    def close(self, name: str) -> None:
        if not self._names[name]:
            return
        while True:
            opened, role = self._open.pop()
            self._leave(opened, role)
            if opened == name:
                return

    def _leave(self, name: str, role: Role) -> None:
        if role is Role.QUOTE:
            self.end_line()
        self._names[name] -= 1
        self._roles[role] -= 1
        if name in ("ul", "ol") and self._lists:
            self.end_line()
            self._lists.pop()
            self._marker = ""
            self._end_block(name)
        elif name == "a" and self._links:
            self._end_link(self._links.pop())
        elif name in PARAGRAPHS or name in LINES:
            self._end_block(name)
            if name == "li":
                self._marker = ""

    def _start_list(self, tag: Tag) -> None:
        self._lists.append(0 if tag.name == "ol" else None)

    def _start_item(self, _tag: Tag) -> None:
        indent = "  " * min(max(len(self._lists) - 1, 0), _DEEPEST_INDENT)
        number = self._lists[-1] if self._lists else None
        if number is None:
            self._marker = f"{indent}- "
        else:
            self._lists[-1] = number + 1
            self._marker = f"{indent}{number + 1}. "

    def _start_cell(self, _tag: Tag) -> None:
        self._begins_cell = bool(self._line.strip())

    def _start_link(self, tag: Tag) -> None:
        self._links.append(_Link(url=tag.attributes.get("href", "").strip()))

    def _end_link(self, link: _Link) -> None:
        text = "".join(link.text).strip()
        if text and link.url.lower().startswith(_FOLLOWED) and not _is_same(text, link.url):
            self._line = self._line.rstrip(" ")
            address = link.url if link.url.lower().startswith("http") else link.url.partition(":")[2]
            self._append(f" ({address})" if self._line else f"({address})")

    def _image(self, tag: Tag) -> None:
        alternative = tag.attributes.get("alt", "").strip()
        if _is_emoji(alternative):
            self._append(alternative)
        elif is_visible_image(tag) and not self._roles[Role.SIGNATURE] and not self._is_quoting():
            self.rendered.images += 1

    def _break(self, _tag: Tag) -> None:
        if not self._roles[Role.SIGNATURE]:
            self.break_line()


_STARTERS: Mapping[str, Callable[[_Writer, Tag], None]] = {
    "ul": _Writer._start_list,
    "ol": _Writer._start_list,
    "li": _Writer._start_item,
    "td": _Writer._start_cell,
    "th": _Writer._start_cell,
    "a": _Writer._start_link,
    "img": _Writer._image,
    "br": _Writer._break,
}


def _is_same(text: str, url: str) -> bool:
    """Whether a link shows its own address."""

    def bare(value: str) -> str:
        return _SAME_LINK.sub("", _SAME_LINK.sub("", value.strip().casefold()))

    if url.lower().startswith("tel:"):
        return re.sub(r"\D", "", text) == re.sub(r"\D", "", url)
    return bare(text) == bare(url)


def _is_emoji(alternative: str) -> bool:
    """Whether a picture stands for an emoji: its alternative text is one, and no word."""
    return (
        0 < len(alternative) <= 16
        and not any(character.isalpha() and character < "\u2000" for character in alternative)
        and any(character >= "\u203c" for character in alternative)
    )
