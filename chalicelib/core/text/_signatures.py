"""Take off what a program put below an agent's words: signature blocks and "Sent from my phone"."""

from __future__ import annotations

import re
from collections.abc import Sequence

# RFC 3676: two hyphens and a blank. Editors eat the blank, so a bare "--" counts too, above a shorter block.
_DELIMITER = re.compile(r"--[ \t]*|__[ \t]*|–[ \t]+")
_MOST_LINES = {"-- ": 20, "--": 10}
_LONGEST_LINE = 120

# "Sent from" and "my iPhone" in the languages of the programs that write it; nothing else may stand in the line, for
# "Sent via DHL, your phone comes tomorrow" is an answer.
_SENT = (
    "sent from|sent via|sent using|sent with|gesendet von|gesendet mit|envoyé de|envoyé depuis|envoyé à partir de|"
    "enviado desde|enviado do|enviado de|enviado a partir do|inviato da|inviato dal|verzonden vanaf|verzonden met|"
    "wysłane z|skickat från|sendt fra|get|holen sie sich|obtenir|téléchargez|obtener|scarica|obter"
)
_MINE = "my|meinem|mon|mi|meu|mio|il mio|mijn|mojego|min|mit"
_BRAND = (
    "iphone|ipad|ipod|apple watch|android|samsung|galaxy|huawei|xiaomi|google pixel|blackberry|windows phone|"
    "outlook|yahoo|gmail|proton ?mail|aol|gmx|web\\.de|bluemail|aqua mail|mail for windows|mail für windows"
)
_OWN = (
    "phone|mobiltelefon|mobile|mobile phone|handy|smartphone|tablet|telefon|téléphone|teléfono|móvil|portable|cellulare"
)
_MORE = (
    "mail|mobiltelefon|app|mobile|phone|smartphone|tablet|device|gerät|für|pour|para|per|voor|dla|na|på|on|auf|ios|android|"
    "for|windows|iphone|ipad|galaxy|mini|pro|max|plus|ultra|note|secure|email|e-mail|5g|\\d{1,3}"
)
_DEVICE_LINES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:{_SENT})\s(?:(?:{_MINE})\s)?(?:{_BRAND})(?:\s(?:{_MORE})){{0,5}}\.?",
        rf"(?:{_SENT})\s(?:{_MINE})\s(?:{_OWN})(?:\s(?:{_MORE})){{0,3}}\.?",
        rf"(?:diese nachricht wurde )?von meinem (?:{_BRAND}|{_OWN})(?:\s(?:{_MORE})){{0,5}} gesendet\.?",
    )
)
_LONGEST_DEVICE_LINE = 120


def without_signature(text: str, openings: Sequence[str] = ()) -> tuple[str, bool]:
    """`text` less a signature at its end, and whether there was one.

    `openings`: lines that begin the company's signatures (compared without case, at the beginning of a line).
    """
    lines = text.rstrip().split("\n")
    wanted = tuple(opening.strip().casefold() for opening in openings if opening.strip())
    for index, line in enumerate(lines):
        begins = bool(wanted) and line.strip().casefold().startswith(wanted)
        if begins or (_DELIMITER.fullmatch(line) and _is_signature(lines, index)):
            return "\n".join(lines[:index]).rstrip(), True
    return text, False


def _is_signature(lines: Sequence[str], index: int) -> bool:
    """Whether what stands below the delimiter ``lines[index]`` is short enough to be nobody's answer."""
    left = _MOST_LINES["-- " if lines[index].endswith((" ", "\t")) else "--"]
    for position in range(index + 1, len(lines)):
        if lines[position].strip():
            left -= 1
            if left < 0 or len(lines[position]) > _LONGEST_LINE:
                return False
    return True


def without_device_line(text: str) -> tuple[str, bool]:
    """`text` less a last line such as "Sent from my iPhone", and whether there was one."""
    body, _, last = text.rstrip().rpartition("\n")
    line = " ".join(last.strip(" \t*_").split())
    if len(line) > _LONGEST_DEVICE_LINE or not any(pattern.fullmatch(line) for pattern in _DEVICE_LINES):
        return text, False
    return body.rstrip(), True
