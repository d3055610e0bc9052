"""A look into JSON that never complains, for members that only help when they are there."""

from __future__ import annotations

import re
from typing import Any

from chalicelib.core.ids import CaseId

_CASE = re.compile(r"case-[a-z0-9]{8,64}")


def look(value: Any, *names: str) -> Any:
    """What stands in `value` down the path `names`, or None when any step is missing or is no object."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def number_text(value: Any) -> str | None:
    """A whole positive number, or its digits, as digits; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    if isinstance(value, int):
        return str(value) if 0 <= value < 10**20 else None
    text = value.strip()
    return text if text.isascii() and text.isdigit() and len(text) <= 20 else None


def case_of(*candidates: Any) -> CaseId | None:
    """Other programs set external ids too: only what looks like a case's is taken for one."""
    for value in candidates:
        if isinstance(value, str) and _CASE.fullmatch(value.strip()):
            return CaseId(value.strip())
    return None
