"""Worlds in which a customer can be asked who they are: one customer in the CRM, links set up."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from chalicelib.core.asking import BY_ANSWER
from chalicelib.core.events import IdentityClaimed
from chalicelib.core.ids import AuthorId, AuthorKey, ContactId, ContactRef
from chalicelib.core.links import IdentityLink, read_token
from chalicelib.core.people import Author, Contact
from chalicelib.core.policy import CarePolicy
from tests.fakes.clock import FrozenClock
from tests.fakes.platform import FakePlatform, FindingPlatform, spec
from tests.fakes.runtime import World

SECRETS = {"signing_secret": "secret-of-links", "address": "https://care.example.com/api"}
KIM = Contact(
    ref=ContactRef(crm="crm", contact=ContactId("C-1")),
    name="Kim Park",
    given_name="Kim",
    family_name="Park",
    emails=("kim@example.com",),
    customer_numbers=("KD-1001",),
)
LEE = Contact(
    ref=ContactRef(crm="crm", contact=ContactId("C-2")),
    name="Lee Moore",
    given_name="Lee",
    family_name="Moore",
    emails=("lee@example.com",),
    customer_numbers=("KD-1002",),
)


def asking_world(platform: FakePlatform | None = None, *, links: bool = True, **policy: Any) -> World:
    """A world whose platform answers public messages in private."""
    world = World(platform=platform or FindingPlatform(FrozenClock().now), sheet=spec(private_reply=True, most=2_000))
    world.platform._now = world.clock.now
    world.connectors.specs["agora-dm"] = spec("agora-dm", most=2_000)
    world.crm.contacts = [KIM, LEE]
    world.runtime.stores.contacts.put_contacts([KIM, LEE])
    if links:
        world.runtime = replace(world.runtime, link_signing=lambda: SECRETS)
        world.app = replace(world.app, runtime=world.runtime)
    world.runtime.stores.directory.put_policy(CarePolicy(**policy))
    return world


def write_privately(world: World, number: str = "d1", text: str = "Where is my parcel?", person: str = "kim") -> None:
    """A private message, on the platform's private side."""
    names = {"kim": "Kim Park", "lee": "Lee Moore"}
    author = Author(
        key=AuthorKey(platform="agora-dm", author=AuthorId(f"dm-{person}")), handle=person, display_name=names[person]
    )
    world.arrive(world.message(number, text, platform="agora-dm", private=True, thread=f"dm-{person}", author=author))


def ask(world: World, words: str = "/ask", ticket: str = "1") -> None:
    """An agent's command."""
    world.desk.note(ticket, words)
    world.hint(ticket)


def link_in(text: str, world: World) -> IdentityLink:
    """What the link in a message says."""
    [address] = re.findall(r"https://care\.example\.com/api/identify/(\S+)", text)
    link = read_token(address, [SECRETS["signing_secret"]], world.clock.now())
    assert link is not None
    return link


def fill_in(world: World, link: IdentityLink, **values: str) -> None:
    """What the public function makes of the form."""
    event = IdentityClaimed(account=link.account, case=link.case, token=link.token, at=world.clock.now(), values=values)
    world.arrive(event)


def case_of(world: World, ticket: str = "1") -> Any:
    """The case of a ticket."""
    return world.system.stores.cases.find_by_ticket(world.desk.tickets[ticket].ref)


def identities_by_answer(world: World, *authors: Any) -> list[str]:
    """The contacts that authors are linked to by their own answers."""
    found = [world.system.stores.identities.find_identity(author) for author in authors]
    return [str(item.contact) for item in found if item is not None and item.decided_by == BY_ANSWER]
