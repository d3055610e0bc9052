"""A session store in memory, with the same compare-and-set as the real ones."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.core.errors import ConflictError
from chalicelib.ports.services import Session


class MemorySessions:
    """Starts with `values` (name -> fields), each as version 1."""

    def __init__(self, values: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.sessions = {name: Session(values=dict(fields), version=1) for name, fields in (values or {}).items()}

    def find_session(self, name: str) -> Session | None:
        return self.sessions.get(name)

    def save_session(self, name: str, session: Session, *, expected_version: int | None) -> Session:
        current = self.sessions.get(name)
        if (current.version if current else None) != expected_version:
            raise ConflictError("another worker saved this session")
        saved = Session(values=dict(session.values), version=(expected_version or 0) + 1)
        self.sessions[name] = saved
        return saved

    def secrets(self) -> list[str]:
        """Every value that is stored now."""
        return [value for session in self.sessions.values() for value in session.values.values()]
