"""A real Tryton's parties in the contact index: all of them, then what changed, what became inactive, what was deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from careloop.local.application import application_of
from careloop.local.system import open_local
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.http import UrllibHttp
from chalicelib.bootstrap import Application
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.ids import ContactId
from chalicelib.core.mirror import as_cursor, cursor_name
from chalicelib.core.people import Clue, ClueKind, Clues
from chalicelib.pipeline.mirror import is_mirrored, state_of, steps
from chalicelib.ports.writes import SaveCursor
from tests.e2e.servers.testing import fresh
from tests.e2e.servers.tryton import Tryton
from tests.fakes.runtime import SilentTelemetry

pytestmark = pytest.mark.e2e
CRM = "erp"


@pytest.fixture(scope="module")
def tryton() -> Iterator[Tryton]:
    """One of its own: the index must hold exactly what is made here."""
    with fresh(Tryton(instance="mirror")) as server:
        yield server


@pytest.fixture
def app(tryton: Tryton, tmp_path: Path) -> Iterator[Application]:
    clock = SystemClock()
    system = open_local(tmp_path / "state.db", clock)
    made = application_of(system, UrllibHttp(), clock, SilentTelemetry())
    options = {"base_url": tryton.base_url}
    made.runtime.stores.directory.put_connection(
        Connection(kind=ConnectionKind.CRM, name=CRM, connector="tryton", options=options)
    )
    made.secrets.put_credentials(ConnectionKind.CRM, "tryton", CRM, {"key": tryton.rest_key})
    yield made
    system.close()


def follow(app: Application) -> tuple[int, int]:
    """How many were new or changed, and removed."""
    before = state_of(app.runtime, CRM)
    for _ in steps(app.runtime, CRM):
        pass
    after = state_of(app.runtime, CRM)
    return after.stored - before.stored, after.removed - before.removed


def found(app: Application, value: str, kind: ClueKind = ClueKind.EMAIL, platform: str = "") -> list[str]:
    clue = Clue(kind=kind, value=value, platform=platform)
    return [item.ref.contact for item in app.runtime.stores.contacts.lookup(CRM, Clues(items=(clue,)))]


def listed(app: Application) -> list[str]:
    return sorted(item.ref.contact for item in app.runtime.stores.contacts.list_contacts(CRM).contacts)


def test_parties_are_mirrored_and_followed(app: Application, tryton: Tryton) -> None:
    kim = tryton.create_party("Kim Öz", email="kim@care.test", phone="+49 30 901820", handles={"x": "@kim"}, code="K-7")
    sam = tryton.create_party("Sam Park", email="sam@care.test")
    gone = tryton.create_party("Gone Party", email="gone@care.test")
    former = tryton.create_party("Former Party", email="former@care.test")
    tryton.rpc("model.party.party.write", [former], {"active": False})
    others = [tryton.create_party(f"Party {number}", email=f"p{number}@care.test") for number in range(5)]

    assert not is_mirrored(app.runtime, CRM)
    assert follow(app) == (8, 1), "the inactive one is told among what was changed"
    assert is_mirrored(app.runtime, CRM)
    assert listed(app) == sorted(map(str, (kim, sam, gone, *others)))
    assert found(app, "kim@care.test") == found(app, "kim", ClueKind.HANDLE, "x") == [str(kim)]
    assert found(app, "+4930901820", ClueKind.PHONE) == found(app, "K7", ClueKind.CUSTOMER_NUMBER) == [str(kim)]
    assert found(app, "former@care.test") == []

    [mail] = tryton.rpc("model.party.contact_mechanism.search", [["party", "=", sam]], 0, 10, None)
    tryton.rpc("model.party.contact_mechanism.write", [mail], {"value": "sam.park@care.test"})
    tryton.rpc("model.party.party.write", [kim], {"name": "Kim Özil"})
    tryton.rpc("model.party.party.write", [others[0]], {"active": False})
    new = tryton.create_party("New Party", email="new@care.test")
    changed, removed = follow(app)

    assert (changed, removed >= 1) == (3, True)
    assert (found(app, "sam.park@care.test"), found(app, "sam@care.test")) == ([str(sam)], [])
    assert found(app, "new@care.test") == [str(new)]
    assert str(others[0]) not in listed(app)
    [contact] = app.runtime.stores.contacts.read_contacts(CRM, [ContactId(str(kim))])
    assert contact.name == "Kim Özil"

    assert follow(app)[0] == 0, "what was changed lately is read again, and is the same"
    mechanisms = tryton.rpc("model.party.contact_mechanism.search", [["party", "=", gone]], 0, 10, None)
    tryton.rpc("model.party.contact_mechanism.delete", mechanisms)
    tryton.rpc("model.party.party.delete", [gone])
    yesterday(app)
    follow(app)
    assert str(gone) not in listed(app), "deleted parties are found by comparing"
    assert len(listed(app)) == 7


def yesterday(app: Application) -> None:
    """The last comparison was a day ago."""
    state = state_of(app.runtime, CRM)
    assert state.check_began is not None
    earlier = replace(state, check_began=state.check_began - timedelta(days=1))
    write = SaveCursor(name=cursor_name(CRM), cursor=as_cursor(earlier), expected=as_cursor(state))
    app.runtime.stores.transactions.commit(write)
