"""Writing down what was connected, in an order in which a stop anywhere leaves nothing that works half.

Secrets come first: unused, they do nothing. Then the account or connection, whose polls find their credentials there.
The endpoint comes last: until it stands, a webhook is answered 404 and the vendor sends it again.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chalicelib.bootstrap import Application
from chalicelib.core.account import Account, Connection, ConnectionKind, Endpoint
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.ids import AccountId
from chalicelib.pipeline.poll import note_added
from chalicelib.ports.spec import Spec, UsedFor


def stored_credentials(app: Application, kind: ConnectionKind, connector: str, name: str) -> dict[str, str]:
    """CALL fields as they are stored; empty when there are none."""
    return _stored(lambda: app.secrets.credentials(kind, connector, name))


def stored_verification(
    app: Application, kind: ConnectionKind, connector: str, endpoint: str
) -> dict[str, tuple[str, ...]]:
    """VERIFY fields as they are stored, each with all current values; empty when there are none."""
    return _stored(lambda: app.secrets.verification(kind, connector, endpoint))


def _stored(read: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    try:
        return dict(read())
    except ConfigurationError as error:
        if not str(error).endswith("is missing"):
            raise
        return {}


def store_secrets(
    app: Application,
    spec: Spec,
    name: str,
    endpoint: tuple[str, str] | None,
    given: Mapping[str, str],
    *,
    beside: bool = True,
) -> None:
    """Store `given`, VERIFY and CALL fields apart: the public function may read the first kind only.

    ``endpoint``: connector and name that verification secrets stand under. ``beside``: fields that are not given stay
    as they are stored. What is stored already is not written again, so that its age stays true."""
    verify = {item.name for item in spec.credentials if item.used_for is UsedFor.VERIFY}
    calls = {field: value for field, value in given.items() if field not in verify and value}
    checks = {field: (value,) for field, value in given.items() if field in verify and value}
    if calls:
        stored = stored_credentials(app, spec.kind, spec.name, name)
        merged = {**stored, **calls} if beside else calls
        if merged != stored:
            app.secrets.put_credentials(spec.kind, spec.name, name, merged)
    if checks and endpoint is not None:
        known = stored_verification(app, spec.kind, *endpoint)
        kept = known if beside else {}
        new = {field: value for field, value in checks.items() if value[0] not in kept.get(field, ())}
        if new or not beside:
            app.secrets.put_verification(spec.kind, *endpoint, {**kept, **new})


def put_endpoint(app: Application, kind: ConnectionKind, connector: str, endpoint: str, name: AccountId) -> None:
    """The endpoint, serving what it served and `name`."""
    directory = app.runtime.stores.directory
    known = directory.find_endpoint(kind, connector, endpoint)
    served = known.accounts if known else ()
    if known is None or name not in served:
        wanted = (*served, *(() if name in served else (name,)))
        directory.put_endpoint(Endpoint(kind=kind, connector=connector, name=endpoint, accounts=wanted))


def put_subject(app: Application, subject: Account | Connection) -> None:
    """The account (polled from now on, when it is new) or the connection."""
    directory = app.runtime.stores.directory
    if isinstance(subject, Account):
        directory.put_account(subject)
        note_added(app.runtime, subject.key)
    else:
        directory.put_connection(subject)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until the end of the block. Elsewhere than in the main thread nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt
