"""What customers do in a rehearsal. Every act is chosen by the dice and written into the book."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import accumulate

from careloop.rehearsal.book import Said
from careloop.rehearsal.office import Office
from careloop.rehearsal.people import Crowd, Customer
from careloop.rehearsal.stage import Stage
from careloop.sandbox.setup import PAGE
from careloop.twins.meta_world import Refused

WORDS = (
    "Where is my parcel? It was due on Monday.",
    "The lamp flickers & the box was <open>.",
    "Ist da jemand? Meine Bestellung fehlt noch, größtenteils.",
    "Thank you! One more question, though.",
    "ありがとう、でもまだ届いていません 📦",
    "Hello?",
)
COMMENTS_OF_A_POST = 60
"""Then the brand posts again."""
LONGEST_CHAT = 6
"""Messages, and one burst more: a conversation in Messenger shows its newest 20, and answers count."""


class Story:
    """The customers; `Office` plays the agents."""

    def __init__(self, stage: Stage, office: Office) -> None:
        self._stage, self._book, self._office = stage, stage.book, office
        self._dice = random.Random(f"{stage.plan.seed}|story")
        self.crowd = Crowd(stage, self._dice)
        acts: dict[str, Callable[[], None]] = {
            "comment": self._comment,
            "comment_again": self._comment_again,
            "visitor_post": self._visitor_post,
            "private": self._private,
            "private_burst": self._private_burst,
            "mention": self._mention,
            "mention_again": self._mention_again,
            "x_private": self._x_private,
            "edit": self._edit,
            "delete": self._delete,
            "delete_at_once": self._delete_at_once,
            "noise": self._noise,
            "native_answer": self._native_answer,
            "reply": office.reply,
            "long_reply": office.long_reply,
            "note": office.note,
            "command": office.command,
            "solve": office.solve,
        }
        self._acts = [acts[name] for name in stage.plan.shares]
        self._weights = list(accumulate(stage.plan.shares.values()))
        self._post, self._comments = "", COMMENTS_OF_A_POST
        self._natives = 0

    def act(self) -> None:
        """One thing happens."""
        self._dice.choices(self._acts, cum_weights=self._weights)[0]()

    # -- what is written -----------------------------------------------------------------------------------------------

    def _words(self, number: int, version: int = 1) -> str:
        mark = f"(m{number})" if version == 1 else f"(m{number}v{version})"
        return f"{mark} {self._dice.choice(WORDS)}"

    def _said(self, customer: Customer, platform: str, identity: str, where: str, thread: str) -> Said:
        said = self._book.say(customer.number, platform, identity, where, thread)
        customer.remember(said.number)
        return said

    # -- Facebook ------------------------------------------------------------------------------------------------------

    def _comment(self) -> None:
        """Somebody, mostly a newcomer, comments on the brand's latest post."""
        customer = self.crowd.newcomer() if self._dice.random() < 0.6 else self.crowd.somebody()
        if self._comments >= COMMENTS_OF_A_POST:
            self._post, self._comments = self._stage.meta.page_post("Our new lamp is here."), 0
        self._comments += 1
        self._write_comment(customer, self._post, None)

    def _comment_again(self) -> None:
        """Somebody goes on below what they wrote themselves, or next to it."""
        customer = self.crowd.somebody(lambda item: item.comments)
        if not customer.comments:
            self._comment()
            return
        thread, parent = self._dice.choice(customer.comments)
        self._write_comment(customer, thread, parent if self._dice.random() < 0.6 else None)

    def _write_comment(self, customer: Customer, thread: str, parent: str | None) -> None:
        text = self._words(self._book.next_message)
        try:
            made = self._stage.meta.comment(customer.meta, thread, text, parent)
        except Refused:  # deleted meanwhile
            customer.comments = [item for item in customer.comments if item[1] != parent]
            return
        self._said(customer, "facebook", made, f"facebook|{customer.number}", thread)
        customer.comments = [*customer.comments[-2:], (thread, made)]

    def _visitor_post(self) -> None:
        customer = self.crowd.newcomer()
        made = self._stage.meta.visitor_post(customer.meta, self._words(self._book.next_message))
        self._said(customer, "facebook", made, f"facebook|{customer.number}", made)

    # -- Messenger -----------------------------------------------------------------------------------------------------

    def _private(self) -> None:
        self._write_privately(self.crowd.newcomer() if self._dice.random() < 0.2 else self._chatter())

    def _private_burst(self) -> None:
        customer = self._chatter()
        for _ in range(self._dice.randint(3, 8)):
            self._write_privately(customer)

    def _chatter(self) -> Customer:
        """Somebody with a private chat, or to begin one: nobody writes more than polling could find again."""
        customer = self.crowd.somebody(_chats)
        return customer if customer.in_private < LONGEST_CHAT else self.crowd.newcomer()

    def _write_privately(self, customer: Customer) -> None:
        made = self._stage.meta.message(customer.meta, self._words(self._book.next_message))
        self._said(customer, "messenger", made, f"messenger|{customer.number}", f"chat|{customer.number}")
        customer.in_private += 1
        self._office.heard_privately(customer.number)

    # -- X -------------------------------------------------------------------------------------------------------------

    def _mention(self) -> None:
        customer = self.crowd.newcomer() if self._dice.random() < 0.6 else self.crowd.somebody()
        self._write_post(customer, None)

    def _mention_again(self) -> None:
        customer = self.crowd.somebody(lambda item: item.posts)
        self._write_post(customer, self._dice.choice(customer.posts) if customer.posts else None)

    def _write_post(self, customer: Customer, parent: str | None) -> None:
        text = f"@AcmeCare {self._words(self._book.next_message)}"
        made = self._stage.x.post(self.crowd.on_x(customer), text, parent)
        thread = self._stage.x.world.data["posts"][made]["conversation"]
        self._said(customer, "x", made, f"x|{customer.number}", f"x|{thread}")
        customer.posts = [*customer.posts[-2:], made]

    def _x_private(self) -> None:
        customer = self.crowd.somebody()
        made = self._stage.x.dm(self.crowd.on_x(customer), self._words(self._book.next_message))
        self._said(customer, "x", made, f"x|{customer.number}", f"x-chat|{customer.number}")

    # -- second thoughts -----------------------------------------------------------------------------------------------

    def _recent(self) -> Said | None:
        """A message on Facebook or in Messenger that still stands; X tells nobody of second thoughts."""
        latest = self.crowd.somebody().latest
        said = self._book.said[self._dice.choice(latest)] if latest else None
        return said if said and not said.deleted and said.platform != "x" else None

    def _edit(self) -> None:
        said = self._recent()
        if said is None or (said.platform == "facebook" and said.id not in self._stage.meta.world.data["comments"]):
            return
        words = self._words(said.number, said.version + 1)
        try:
            if said.platform == "facebook":
                self._stage.meta.edit_comment(said.id, words)
            else:
                self._stage.meta.edit_message(said.id, words)
        except Refused:  # gone with what it answered
            said.deleted = True
            return
        said.version += 1

    def _delete(self) -> None:
        said = self._recent()
        if said is not None:
            self.take_back(said)

    def _delete_at_once(self) -> None:
        """Written and deleted: with disorder the deletion may come first."""
        before = self._book.next_message
        (self._comment if self._dice.random() < 0.5 else self._private)()
        for number in range(before, self._book.next_message):
            self.take_back(self._book.said[number])

    def take_back(self, said: Said) -> None:
        """The customer deletes a message, with what is below it."""
        meta = self._stage.meta
        try:
            if said.platform == "messenger":
                meta.unsend(said.id)
            elif said.id in meta.world.data["comments"]:
                for below in meta.world.replies(said.id):
                    number = self._book.by_id.get(("facebook", below["id"]))
                    if number is not None:
                        self._book.said[number].deleted = True
                meta.remove_comment(said.id)
            else:
                return
        except Refused:
            pass
        said.deleted = True

    # -- the rest ------------------------------------------------------------------------------------------------------

    def _noise(self) -> None:
        """What tells of something that nobody has to answer."""
        customer = self.crowd.somebody()
        if self._post and self._dice.random() < 0.5:
            self._stage.meta.react(customer.meta, self._post)
        elif (psid := self._stage.meta.world.user(customer.meta)["psids"].get(PAGE)) and (
            psid in self._stage.meta.world.data["threads"]
        ):
            self._stage.meta.read(customer.meta)

    def _native_answer(self) -> None:
        """The brand answers on Facebook itself."""
        customer = self.crowd.somebody()
        if not customer.comments:
            return
        self._natives += 1
        try:
            self._stage.meta.native_reply(customer.comments[-1][1], f"Answered here, no. {self._natives}")
        except Refused:
            return


def _chats(customer: Customer) -> bool:
    return 0 < customer.in_private < LONGEST_CHAT
