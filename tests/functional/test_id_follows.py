"""An author goes by another id from now on: who they are, their tickets and their conversations follow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.events import AuthorIdChanged
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, ContactId, ContactRef, PersonId, PersonRef
from chalicelib.core.people import Author, Rejection
from chalicelib.ports.identities import KnownAuthor
from chalicelib.ports.stores import RememberIdentity
from chalicelib.ports.writes import RememberRejection
from tests.functional.test_deciding import Scene, ref

OLD = AuthorKey(platform="agora", author=AuthorId("kim"))
NEW = AuthorKey(platform="agora", author=AuthorId("kim-2"))


def changed(scene: Scene) -> AuthorIdChanged:
    account = AccountKey(platform="agora", account=AccountId("brand"))
    return AuthorIdChanged(account=account, old=OLD, new=NEW, at=scene.clock.now())


def says(scene: Scene, number: str, key: AuthorKey, thread: str) -> None:
    author = Author(key=key, handle=None, display_name="Kim Weber")
    scene.arrive(scene.message(number, f"message {number}", author=author, private=True, thread=thread))


@pytest.fixture
def scene() -> Scene:
    """A chat that is named after the customer, as WhatsApp's are, linked by an agent."""
    made = Scene()
    says(made, "m1", OLD, "kim")
    made.note("/link C-9")
    made.minute()
    return made


def test_the_ticket_goes_on_under_the_new_id(scene: Scene):
    scene.arrive(changed(scene))
    says(scene, "m2", NEW, "kim-2")
    assert [item.partition("\n")[0] for item in scene.ticket.customer] == ["message m1", "message m2"]
    assert scene.case().latest.key.author == "kim-2"
    scene.desk.agent_writes("1", "Hello!")
    scene.hint()
    assert scene.platform.sent[-1].recipient == "kim-2"
    assert scene.platform.sent[-1].thread.thread == "kim-2"


def test_who_they_are_goes_along_and_nothing_stays_behind(scene: Scene):
    scene.arrive(changed(scene))
    identities = scene.system.stores.identities
    assert identities.know(OLD) == KnownAuthor()
    moved = identities.know(NEW)
    assert moved.identity is not None
    assert (moved.identity.contact, moved.identity.decided_by) == (ref("C-9"), "Ada")
    assert "the id changed on 2026-" in moved.identity.why
    assert moved.persons == (PersonRef(helpdesk="desk", person=PersonId("agora:kim")),)
    scene.minute()
    assert scene.book.identities == {("C-9", "agora:kim-2")}
    assert scene.contact() == "C-9"


def test_whoever_gets_the_old_id_is_somebody_else(scene: Scene):
    scene.arrive(changed(scene))
    says(scene, "x1", OLD, "kim")
    assert len(scene.desk.tickets) == 2
    assert scene.desk.tickets["1"].customer == ["message m1"]
    assert scene.contact("2") is None
    says(scene, "x2", OLD, "kim")
    assert len(scene.desk.tickets["2"].customer) == 2


def test_what_was_ruled_out_goes_along(scene: Scene):
    scene.note("/unlink")
    scene.arrive(changed(scene))
    [rejection] = scene.system.stores.identities.rejections(NEW)
    assert (rejection.contact, rejection.author) == (ref("C-9"), NEW)
    assert list(scene.system.stores.identities.rejections(OLD)) == []


def test_what_is_known_of_the_new_id_stays(scene: Scene):
    other = scene.system.stores.identities.find_identity(OLD)
    assert other is not None
    known = replace(other, author=NEW, contact=ContactRef(crm="crm", contact=ContactId("41")))
    scene.system.stores.transactions.commit(RememberIdentity(identity=known))
    scene.arrive(changed(scene))
    assert scene.system.stores.identities.find_identity(NEW) == known
    assert scene.system.stores.identities.find_identity(OLD) is None


def test_a_new_id_that_wrote_first_keeps_its_ticket_and_learns_who_it_is(scene: Scene):
    says(scene, "m2", NEW, "kim-2")
    assert len(scene.desk.tickets) == 2
    assert scene.contact("2") is None
    scene.arrive(changed(scene))
    scene.minute()
    assert scene.contact("2") == "C-9"
    assert scene.case("1").conversations[0].key.author == "kim"


def test_somebody_of_whom_nothing_is_known(scene: Scene):
    strange = AuthorKey(platform="agora", author=AuthorId("nobody"))
    event = changed(scene)
    scene.arrive(replace(event, old=strange, new=AuthorKey(platform="agora", author=AuthorId("nobody-2"))))
    assert list(scene.dispositions().values()).count("noise") == 1
    rejected = Rejection(author=strange, decided_by="Ada", decided_at=scene.clock.now(), why="/not-a-customer")
    scene.system.stores.transactions.commit(RememberRejection(rejection=rejected))
    assert scene.system.stores.identities.know(strange).rejections == (rejected,)
