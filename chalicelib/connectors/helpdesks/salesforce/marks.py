"""What of an entry is ours: its last line, ``[careloop entry]``. Case comments have no field for it. Pure."""

from __future__ import annotations

import re

from chalicelib.core.ids import digest

_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,100}")
_MARK = re.compile(r"\[careloop ([A-Za-z0-9._-]{1,100})(?: [0-9]{1,2}/[0-9]{1,2})?\]")


def name_of(external_id: str) -> str:
    """An entry's id as it stands in a mark."""
    return external_id if _PLAIN.fullmatch(external_id) else digest(external_id, length=40)


def mark(external_id: str, part: int = 1, parts: int = 1) -> str:
    """The last line of an entry of ours; of each of its parts where it has several."""
    return f"[careloop {name_of(external_id)}]" if parts == 1 else f"[careloop {name_of(external_id)} {part}/{parts}]"


def marked(text: str | None) -> str | None:
    """The entry that a text is of, or None. Only the very last line counts: what a customer wrote stands above it."""
    found = _MARK.fullmatch((text or "").rstrip().rpartition("\n")[2])
    return found[1] if found else None


def file_mark(external_id: str) -> str:
    """The description of a file of ours."""
    return f"careloop {name_of(external_id)}"
