"""Having the vendor tell us what happens, where its API allows that."""

from __future__ import annotations

from chalicelib.bootstrap import Application
from chalicelib.core.account import Account, Connection, ConnectionKind
from chalicelib.core.errors import CareloopError, NeedsHumanError, UnsupportedError
from chalicelib.ports.platform import ManagesSubscription


def client_of(app: Application, subject: Account | Connection, *, patient: bool = False) -> object:
    """The client of what is stored. ``patient``: it leaves a reserve of the remote's budget to replies."""
    connectors = app.runtime.connectors
    if isinstance(subject, Account):
        return connectors.platform(subject, patient=patient)
    if subject.kind is ConnectionKind.HELPDESK:
        return connectors.helpdesk(subject.name, patient=patient)
    return connectors.crm(subject.name)


def subscribe(app: Application, subject: Account | Connection) -> tuple[bool | None, str]:
    """Subscribe what is missing. True: all is subscribed; False: it is not; None: nobody can tell from here. And one
    plain sentence. Never fails: everything is stored by then, and can be tried again."""
    try:
        client = client_of(app, subject)
        if not isinstance(client, ManagesSubscription):
            return None, "it can't be asked what it tells us"
        missing = client.missing_subscriptions()
        if not missing:
            return True, "it tells us all that we need"
        client.subscribe()
        left = client.missing_subscriptions()
    except UnsupportedError as error:
        return None, f"whether it tells us all that we need can't be asked: {error}"
    except CareloopError as error:
        advice = f" {error.advice}" if isinstance(error, NeedsHumanError) else ""
        return False, f"subscribing was refused: {error.code}: {error}.{advice}"
    if left:
        return False, f"it does not tell us yet: {', '.join(left)}"
    return True, f"subscribed: {', '.join(missing)}"
