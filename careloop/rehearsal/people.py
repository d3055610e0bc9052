"""The customers of a rehearsal: who they are on each network, who of them stands in the directory of customers."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from careloop.rehearsal.stage import Stage
from careloop.sandbox.setup import CRM, PAGE
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.people import Contact, SocialHandle

FIRST = ("Dana", "Kim", "Lee", "Ada", "Ben", "Cem", "Eva", "Finn", "Gül", "Hugo", "Ines", "Jana", "Kofi", "Lena")
RECENT, TRIES = 150, 8
LAST = ("Weber", "Park", "Chen", "Okafor", "Novák", "Silva", "Rossi", "Haddad", "Lindqvist", "Müller", "O'Neill")


@dataclass(slots=True, kw_only=True)
class Customer:
    """``meta`` and ``x``: their names in the twins. ``comments``, ``posts``: their own, to go on with, comments with
    their thread; ``in_private``: messages in Messenger; ``latest``: numbers of their latest messages."""

    number: int
    name: str
    meta: str
    x: str = ""
    comments: list[tuple[str, str]] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    in_private: int = 0
    latest: list[int] = field(default_factory=list)

    def remember(self, number: int) -> None:
        """Their latest message."""
        self.latest = [*self.latest[-4:], number]


class Crowd:
    """All customers. Newcomers come as they are needed; those who wrote lately write again."""

    def __init__(self, stage: Stage, dice: random.Random) -> None:
        self._stage, self._dice = stage, dice
        self.everybody: list[Customer] = []

    def newcomer(self) -> Customer:
        """Somebody who has never written."""
        number, meta = len(self.everybody), self._stage.meta
        name = f"{self._dice.choice(FIRST)} {self._dice.choice(LAST)}"
        customer = Customer(number=number, name=name, meta=meta.add_user(name))
        self.everybody.append(customer)
        if self._dice.random() < self._stage.plan.known:
            self._introduce(customer)
        return customer

    def _introduce(self, customer: Customer) -> None:
        """A record that names both ids that Meta has for them."""
        world = self._stage.meta.world
        ids = {"facebook": world.commenter(customer.meta, PAGE), "messenger": world.psid(customer.meta, PAGE)}
        contact = Contact(
            ref=ContactRef(crm=CRM, contact=ContactId(f"R-{customer.number}")),
            name=customer.name,
            social=tuple(SocialHandle(platform=platform, user_id=user) for platform, user in ids.items()),
        )
        self._stage.app.runtime.stores.contacts.put_contacts([contact])

    def on_x(self, customer: Customer) -> str:
        """Their account on X, made when missing."""
        if not customer.x:
            customer.x = self._stage.x.add_user(f"customer_{customer.number}", customer.name)
        return customer.x

    def somebody(self, fits: Callable[[Customer], object] = bool) -> Customer:
        """One of those who came lately, if possible one who `fits`; a newcomer when there is nobody."""
        recent = self.everybody[-RECENT:]
        if not recent:
            return self.newcomer()
        for _ in range(TRIES):
            found = self._dice.choice(recent)
            if fits(found):
                break
        return found
