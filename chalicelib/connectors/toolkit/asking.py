"""Questions to an API: an answer that can't be read is as good as none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.core.errors import PayloadError, UnavailableError


@contextmanager
def readable() -> Iterator[None]:
    """What is read inside and is not as it should be becomes an UnavailableError: ask again later. For questions only;
    an unreadable answer to a call that writes means an unknown outcome (`require_field`)."""
    try:
        yield
    except PayloadError as error:
        raise UnavailableError(f"unreadable answer: {error.path}: {error.reason}") from error
