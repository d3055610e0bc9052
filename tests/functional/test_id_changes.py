"""Somebody has another id from now on (a new number, a new business-scoped id)."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.core.events import AuthorIdChanged
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, ContactId, ContactRef
from chalicelib.core.people import Identity
from chalicelib.ports.stores import RememberIdentity
from tests.fakes.runtime import World

AGORA = AccountKey(platform="agora", account=AccountId("brand"))


def person(name: str) -> AuthorKey:
    return AuthorKey(platform="agora", author=AuthorId(name))


def linked(world: World, name: str, contact: str) -> None:
    identity = Identity(
        author=person(name),
        contact=ContactRef(crm="crm", contact=ContactId(contact)),
        contact_name="Kim Park",
        decided_by="7",
        decided_at=world.clock.now(),
        why="same phone number",
    )
    world.system.stores.transactions.commit(RememberIdentity(identity=identity))


def changed(world: World, old: str = "kim", new: str = "kim-2") -> None:
    at = world.clock.now() + timedelta(seconds=1)
    world.arrive(AuthorIdChanged(account=AGORA, old=person(old), new=person(new), at=at))


def contact(world: World, name: str) -> str | None:
    found = world.system.stores.identities.find_identity(person(name))
    return found.contact.contact if found else None


def test_the_link_goes_along_and_leaves_the_old_id():
    world = World()
    linked(world, "kim", "C-1")
    changed(world)
    changed(world)
    assert (contact(world, "kim"), contact(world, "kim-2")) == (None, "C-1")
    found = world.system.stores.identities.find_identity(person("kim-2"))
    assert found is not None
    assert found.why.startswith("same phone number (the id changed on 2026-")
    assert found.decided_by == "7"


def test_what_is_known_of_the_new_id_stays():
    world = World()
    linked(world, "kim", "C-1")
    linked(world, "kim-2", "C-2")
    changed(world)
    assert (contact(world, "kim"), contact(world, "kim-2")) == (None, "C-2")


def test_somebody_without_a_link_changes_nothing():
    world = World()
    changed(world)
    assert (contact(world, "kim"), contact(world, "kim-2")) == (None, None)
    assert set(world.dispositions().values()) == {"noise"}
