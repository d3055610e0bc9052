"""Trying credentials that are not stored yet: a client of its own, with sessions that are kept only if it is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.bootstrap import Application
from chalicelib.connectors import registry
from chalicelib.connectors.factory import ConnectorFactory
from chalicelib.core.account import Account, Connection, ConnectionKind
from chalicelib.core.errors import ConflictError, NotSubscribedError
from chalicelib.ports.crm import CrmContext
from chalicelib.ports.helpdesk import HelpdeskContext
from chalicelib.ports.platform import PlatformContext, ProbesHealth
from chalicelib.ports.services import Session, SessionStore

UNASKED = "there is no way to ask it how it is"


@dataclass(slots=True, kw_only=True)
class TrialSessions:
    """Implements ports.services.SessionStore. Writes go to memory until `keep`. ``seen``: what is stored counts, too:
    for tokens that rotate, whose stored session knows by itself whether it belongs to the credentials. Otherwise a
    session that the old credentials made would hide that the new ones are wrong."""

    base: SessionStore
    seen: bool
    _own: dict[str, Session] = field(default_factory=dict)

    def find_session(self, name: str) -> Session | None:
        if name in self._own or not self.seen:
            return self._own.get(name)
        return self.base.find_session(name)

    def save_session(self, name: str, session: Session, *, expected_version: int | None) -> Session:
        known = self.find_session(name)
        if (known.version if known else None) != expected_version:
            raise ConflictError("another worker saved this session")
        saved = Session(values=dict(session.values), version=(expected_version or 0) + 1)
        self._own[name] = saved
        return saved

    def keep(self) -> None:
        """Store what the trial made, over what is there. Raises ConflictError when a worker is quicker three times."""
        for name, session in self._own.items():
            for attempt in range(3):
                stored = self.base.find_session(name)
                try:
                    self.base.save_session(name, session, expected_version=stored.version if stored else None)
                    break
                except ConflictError:
                    if attempt == 2:
                        raise
        self._own.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """``told``: the remote's own line. ``subscribed``: it did not say that it tells us nothing."""

    told: str
    subscribed: bool
    sessions: TrialSessions = field(repr=False)


def make_trial(app: Application, subject: Account | Connection, credentials: Mapping[str, str]) -> Trial:
    """Ask the remote how `subject` is with these CALL `credentials`; nothing is stored. Raises leaves of the tree."""
    kind, connector = whose(subject)
    rotates = any(item.rotates for item in registry.spec(kind, connector).credentials)
    sessions = TrialSessions(base=app.sessions, seen=rotates)
    client = registry.client(kind, connector, _context(app, subject, credentials, sessions))
    try:
        told = client.probe() if isinstance(client, ProbesHealth) else UNASKED
    except NotSubscribedError as error:
        return Trial(told=f"the access is good; {error}", subscribed=False, sessions=sessions)
    return Trial(told=told, subscribed=True, sessions=sessions)


def whose(subject: Account | Connection) -> tuple[ConnectionKind, str]:
    """Kind and connector."""
    if isinstance(subject, Account):
        return ConnectionKind.PLATFORM, subject.key.platform
    return subject.kind, subject.connector


def _context(
    app: Application, subject: Account | Connection, credentials: Mapping[str, str], sessions: SessionStore
) -> Any:
    """Unguarded: a breaker that rests the remote is no answer to whether the new credentials are good."""
    factory = app.runtime.connectors
    assert isinstance(factory, ConnectorFactory)
    http, clock = factory.http, factory.clock
    if isinstance(subject, Account):
        return PlatformContext(account=subject, credentials=credentials, http=http, clock=clock, sessions=sessions)
    if subject.kind is ConnectionKind.HELPDESK:
        return HelpdeskContext(connection=subject, credentials=credentials, http=http, clock=clock, sessions=sessions)
    contacts = app.runtime.stores.contacts
    return CrmContext(
        connection=subject, credentials=credentials, http=http, clock=clock, contacts=contacts, sessions=sessions
    )
