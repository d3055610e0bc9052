"""What of an article is ours: its subject. Little, because the public function reads it too."""

from __future__ import annotations

import re

MARK = "careloop "
PLAIN_MARK = re.compile(r"[A-Za-z0-9._-]{1,100}")
CASE = re.compile(r"case-[a-z0-9]{8,64}")


def is_marked(subject: object) -> bool:
    """Whether an article's subject is one of ours."""
    return isinstance(subject, str) and subject.startswith(MARK) and bool(PLAIN_MARK.fullmatch(subject[len(MARK) :]))
