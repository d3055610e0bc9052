"""Take out what was quoted, and keep every word that was not: answers between and below quotations stay."""

from __future__ import annotations

import re

# "On Mon Nov 22 08:15:02 2026, social-bridge wrote:": how such a line begins, and the verb that it ends with.
_OPENINGS = tuple(
    f"{opening} "
    for opening in ("On", "Am", "Le", "El", "Il", "In data", "Em", "No dia", "Op", "Den", "Dne", "Dnia", "W dniu", "В")
)
_WROTE = re.compile(
    r"\b(?:wrote|a écrit|escribió|ha scritto|scrisse|escreveu|pisze|пишет|написал|napisał(?:\(a\))?|napsal(?:\(a\))?)"
    r"\s?[:：]$"
    r"|\b(?:schrieb|schreef|skrev)\b.{0,80}[:：]$"  # here the name comes last
)
_TIME = re.compile(r"\d{1,2}[:.h]\d{2}")
_ADDRESS = re.compile(r"<[^<>\s@]+@[^<>\s@]+>")
_LONGEST_ATTRIBUTION = 250
_MOST_ATTRIBUTION_LINES = 3

# Behind one of these everything is the original.
_BANNER = re.compile(
    r"[-_]{2,}\s*(?:Original Message|Original-Nachricht|Ursprüngliche Nachricht|Originalnachricht|Message d[’']origine|"
    r"Message original|Mensaje original|Messaggio originale|Mensagem original|Oorspronkelijk bericht|"
    r"Original(?:meddelande|t meddelelse)|Oprindelig meddelelse|Wiadomość oryginalna|Исходное сообщение|"
    r"Forwarded message|Weitergeleitete Nachricht|Message transféré|Mensaje reenviado)\s*[-_]{2,}",
    re.IGNORECASE,
)
_REPLY_ABOVE = re.compile(r"##- ?[^\W\d_].{8,200} ?-##")  # Zendesk: "##- Please type your reply above this line -##"
# "From: ...", "Sent: ...", "To: ...": Outlook's head of a quoted message, in some languages.
_SENDER = re.compile(r"\*?(?:From|Von|De|Da|Van|Od|Fra|Från)\*?\s?:\*?\s", re.IGNORECASE)
_OTHER_HEADER = re.compile(
    r"\*?(?:Sent|Date|To|Cc|Subject|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Enviado|Fecha|Para|Asunto|Inviato|Data|A|"
    r"Oggetto|Verzonden|Aan|Onderwerp|Wysłano|Do|Temat|Assunto|Sendt|Til|Emne|Skickat|Till|Ämne)\*?\s?:\*?\s",
    re.IGNORECASE,
)
_FEWEST_HEADERS = 2
_HEADER_REACH = 5

# A line that begins with ">" and is no quotation: "> 30 kg costs more", ">:-(".
_COMPARISON = re.compile(
    r">\s?\d[\d.,]*\s?(?:€|\$|£|%|°|(?:EUR|USD|GBP|CHF|kg|g|cm|mm|m|km|l|ml|GB|MB|h|min|hours?|days?|Stunden|Tagen?|Stück)\b)"
)
_EMOTICON = re.compile(r">[:;.=][\S]{1,3}(?:\s|$)|>[._][<_]")


def without_quotes(text: str) -> tuple[str, bool]:
    """`text` less quotations and the lines that introduce them; and whether there were any."""
    lines = text.split("\n")
    end = _original_begins(lines)
    kept = [not line.lstrip().startswith(">") for line in lines[:end]]
    _keep_what_only_looks_quoted(lines, kept)
    for index in range(end):
        if kept[index] and lines[index].rstrip().endswith((":", "：")) and _quote_follows(lines, kept, index, end):
            for part in _attribution(lines, kept, index):
                kept[part] = False
    result = [line for line, keep in zip(lines[:end], kept, strict=True) if keep]
    return "\n".join(result), end < len(lines) or not all(kept)


def _keep_what_only_looks_quoted(lines: list[str], kept: list[bool]) -> None:
    """Put back emoticons, and comparisons such as "> 30 kg" that no line introduces as somebody's words."""
    start = 0
    while start < len(kept):
        end = start
        while end < len(kept) and not kept[end]:
            end += 1
        block = [line.lstrip() for line in lines[start:end]]
        introduced = start > 0 and bool(_attribution(lines, kept, start - 1))
        if block and not introduced and all(_COMPARISON.match(line) or _EMOTICON.match(line) for line in block):
            kept[start:end] = [True] * len(block)
        start = end + 1


def _quote_follows(lines: list[str], kept: list[bool], index: int, end: int) -> bool:
    following = index + 1
    while following < end and kept[following] and not lines[following].strip():
        following += 1
    return following < end and not kept[following]


def _attribution(lines: list[str], kept: list[bool], last: int) -> range:
    """The lines up to `last` that say who wrote what follows; mail programs break them in two or three."""
    found = range(last, last + 1) if kept[last] and _is_attribution(lines[last].strip()) else range(0)
    if found and lines[last].lstrip().startswith(_OPENINGS):
        return found
    joined = lines[last].strip()
    for first in range(last - 1, max(last - _MOST_ATTRIBUTION_LINES, -1), -1):
        line = lines[first].strip()
        if not kept[first] or not line or line.endswith((":", "!", "?")):
            break
        joined = f"{line} {joined}"
        # More than one line must look like a machine's: the agent's own last words may stand right above.
        is_dated = line.startswith(_OPENINGS) and any(character.isdigit() for character in line)
        if is_dated and _is_attribution(joined) and (_ADDRESS.search(joined) or _TIME.search(joined)):
            return range(first, last + 1)
    return found


def _is_attribution(line: str) -> bool:
    """Whether `line`, which ends with a colon and stands before a quotation, only introduces it."""
    if len(line) > _LONGEST_ATTRIBUTION or not _WROTE.search(line):
        return False
    return line.startswith(_OPENINGS) or bool(_ADDRESS.search(line)) or bool(_TIME.search(line))


def _original_begins(lines: list[str]) -> int:
    """The first line behind which nothing is the agent's; their number when there is none."""
    for index, line in enumerate(lines):
        stripped = line.strip(" \t*")
        if _BANNER.fullmatch(stripped) or _REPLY_ABOVE.fullmatch(stripped) or _is_header_block(lines, index):
            return _without_rule(lines, index)
        first = _unmarked_attribution(lines, index)
        if first is not None:
            return first
    return len(lines)


def _without_rule(lines: list[str], index: int) -> int:
    """A line of underscores above the original belongs to it."""
    above = index - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    return above if above >= 0 and re.fullmatch(r"[_-]{10,}", lines[above].strip()) else index


def _is_header_block(lines: list[str], index: int) -> bool:
    if not _SENDER.match(lines[index].lstrip()):
        return False
    following = [line.lstrip() for line in lines[index + 1 : index + 1 + _HEADER_REACH] if line.strip()]
    return sum(_OTHER_HEADER.match(line) is not None for line in following) >= _FEWEST_HEADERS


def _unmarked_attribution(lines: list[str], index: int) -> int | None:
    """Where a machine's "On ... Kim <kim@example.com> wrote:" begins whose quotation carries no marks.

    Only with an address in angle brackets, which nobody types, and only below words of the agent's own: without these
    there would be nothing left, and what looks like the original may be the answer.
    """
    if not _WROTE.search(lines[index].rstrip()[-_LONGEST_ATTRIBUTION:]):
        return None
    for first in range(index, max(index - _MOST_ATTRIBUTION_LINES, -1), -1):
        joined = " ".join(part.strip() for part in lines[first : index + 1])
        if len(joined) > _LONGEST_ATTRIBUTION or not lines[first].strip():
            return None
        if joined.startswith(_OPENINGS) and _ADDRESS.search(joined) and _TIME.search(joined):
            quoted = _next_text(lines, index + 1).startswith(">")
            return first if not quoted and any(part.strip() for part in lines[:first]) else None
    return None


def _next_text(lines: list[str], index: int) -> str:
    return next((line.lstrip() for line in lines[index:] if line.strip()), ">")
