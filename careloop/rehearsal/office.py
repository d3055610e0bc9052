"""What agents do in a rehearsal: they find tickets, answer most, note, command, solve."""

from __future__ import annotations

import random
from collections import deque

from careloop.rehearsal.book import MESSAGE, Answered, Said
from careloop.rehearsal.desk import Desk
from careloop.rehearsal.stage import Stage

SENTENCE = "We have looked into it, and your parcel left the depot this morning with the first van of the day."
ON_THE_DESK = 300
"""Tickets that agents have before them."""


class Office:
    """The agents. ``tickets``: number -> its customer and the first message."""

    def __init__(self, stage: Stage, desk: Desk) -> None:
        self._stage, self._book, self.desk = stage, stage.book, desk
        self._dice = random.Random(f"{stage.plan.seed}|office")
        self._open: deque[str] = deque(maxlen=ON_THE_DESK)
        self._first: dict[str, int] = {}
        self._solved: list[str] = []
        self._private: dict[int, str] = {}
        self._waiting_in_private: dict[int, bool] = {}
        self._take_back: list[Said] = []

    def look(self) -> None:
        """Take new tickets onto the desk."""
        for ticket in self.desk.new_tickets():
            first = next((MESSAGE.search(entry.text) for entry in self.desk.entries(ticket)), None)
            if first is None:
                continue
            self._open.append(ticket)
            said = self._book.said[int(first[1])]
            self._first[ticket] = said.number
            if said.platform == "messenger":
                self._private[said.person] = ticket

    def heard_privately(self, person: int) -> None:
        """Somebody wrote in Messenger."""
        self._waiting_in_private[person] = True

    def _ticket(self) -> str | None:
        self.look()
        return self._dice.choice(self._open) if self._open else None

    # -- answering -----------------------------------------------------------------------------------------------------

    def reply(self) -> None:
        """A short answer, which sometimes solves the ticket."""
        ticket = self._ticket()
        if ticket is not None:
            status = "solved" if self._dice.random() < 0.2 else None
            self._withdrawn(ticket)
            self._answer(ticket, sentences=1, status=status)

    def long_reply(self) -> None:
        """More than one post on X, and in Messenger too."""
        ticket = self._ticket()
        if ticket is not None:
            self._answer(ticket, sentences=self._dice.choice((5, 9, 25)))

    def _answer(self, ticket: str, *, sentences: int, status: str | None = None) -> None:
        number = len(self._book.answers)
        marks = [f"(r{number})"] if sentences == 1 else [f"(r{number}.{part})" for part in range(1, sentences + 1)]
        text = "\n\n".join(f"{mark} {SENTENCE}" for mark in marks)
        if self.desk.reply(ticket, text, status=status):
            self._book.answers.append(Answered(number=number, ticket=ticket, sentences=sentences))
            if status:
                self._solved.append(ticket)

    def _withdrawn(self, ticket: str) -> None:
        """The customer may be quicker, and delete what is about to be answered."""
        if self._stage.weather.strikes("deleted-comment"):
            said = self._book.said[self._first[ticket]]
            if not said.deleted and said.platform != "x":
                self._take_back.append(said)

    def withdrawn(self) -> list[Said]:
        """What customers are to delete now."""
        taken, self._take_back = self._take_back, []
        return taken

    def note(self) -> None:
        """Something that must not leave."""
        ticket = self._ticket()
        if ticket is not None:
            self.desk.note(ticket, "Internal: do not tell (secret)")

    def command(self) -> None:
        """A word to Careloop."""
        ticket = self._ticket()
        if ticket is not None:
            self.desk.note(ticket, self._dice.choice(("/why", "/private", "/public", "/help")))

    def solve(self) -> None:
        """Done without a word."""
        ticket = self._ticket()
        if ticket is not None:
            self.desk.solve(ticket)
            self._solved.append(ticket)

    # -- the next morning ----------------------------------------------------------------------------------------------

    def morning(self) -> None:
        """Yesterday's solved tickets are closed for good; some who wrote in private yesterday are answered too late."""
        for ticket in self._solved:
            self.desk.close(ticket)
        self._solved.clear()
        if "closed-window" in self._stage.plan.faults:
            for person, ticket in self._private.items():
                if self._waiting_in_private.get(person) and self._stage.weather.strikes("closed-window"):
                    self._answer(ticket, sentences=1)
        self._private.clear()
        self._waiting_in_private.clear()
