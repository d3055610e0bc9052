"""What became of every message and every reply, by the twins' own records and the book: never by what the product says
of itself, but for the ledger, whose dispositions are counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from careloop.rehearsal.book import MESSAGE, REPLY, Said
from careloop.rehearsal.desk import Desk
from careloop.rehearsal.stage import ACCOUNTS, Stage
from careloop.sandbox.setup import PAGE
from chalicelib.core.disposition import ParkReason

EDITED = "(edited their message"
NOTES = {"Posted": "posted", "NOT posted": "refused", "It is UNKNOWN": "unknown"}
"""How a note on a reply begins."""
REASONS: dict[str, str] = {
    "deleted": "deleted message",
    "private answers only within": "closed window",
    "does not let us answer": "not answerable",
    "credentials": "dead token",
    "no longer accepts the access": "dead token",
    "one private message": "too long",
    "would need": "too long",
    "not found": "gone",
    "reply window": "closed window",
}
"""What a note of refusal says, and how it is counted."""


@dataclass(slots=True)
class Verdict:
    """``offences``: kind -> what, by ids. Anything but ``late`` makes a rehearsal fail."""

    offences: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    dispositions: Counter[str] = field(default_factory=Counter)
    replies: Counter[str] = field(default_factory=Counter)
    """posted, refused: reason, unknown."""
    late: int = 0
    """Messages that stand behind younger ones because their webhook came behind theirs, or polling found them."""
    untold: int = 0
    """Edits of messages whose ticket is closed for good: it takes no entries any more."""
    parked: Counter[str] = field(default_factory=Counter)

    def offend(self, kind: str, what: str) -> None:
        """Note what must not be."""
        self.offences[kind].append(what)

    @property
    def is_good(self) -> bool:
        """Nothing lost, doubled, out of order, astray, left over, and no error that nobody foresaw."""
        return not any(self.offences.values())

    def count(self, kind: str) -> int:
        """Offences of one kind."""
        return len(self.offences.get(kind, ()))


class Judge:
    """Reads everything once, when all has come to rest."""

    def __init__(self, stage: Stage, desk: Desk) -> None:
        self._stage, self._book, self._desk = stage, stage.book, desk
        self.verdict = Verdict()
        self._found: Counter[tuple[int, int, bool]] = Counter()
        """(message, version, as an edit) -> how often it stands on tickets."""
        self._reports: dict[str, list[str]] = {}
        self._tickets_of: dict[str, list[str]] = defaultdict(list)
        """thread and author -> tickets, in order."""

    def judge(self) -> Verdict:
        """All of it."""
        self._read_tickets()
        self._messages()
        self._conversations()
        self._replies()
        self._ledger()
        self._leftovers()
        return self.verdict

    # -- tickets -------------------------------------------------------------------------------------------------------

    def _read_tickets(self) -> None:
        cases: Counter[str] = Counter()
        for ticket, case, _ in self._desk.tickets():
            cases[case] += 1
            if cases[case] > 1:
                self.verdict.offend("doubled", f"ticket {ticket}: the second of {case}")
            self._read_ticket(ticket)

    def _read_ticket(self, ticket: str) -> None:
        order: dict[str, list[Said]] = defaultdict(list)
        people: set[int] = set()
        reports: list[str] = []
        for entry in self._desk.entries(ticket):
            if entry.by == "careloop" and not entry.public:
                reports += [state for start, state in NOTES.items() if entry.text.startswith(start)]
                reports[-1:] = [_reason(entry.text)] if entry.text.startswith("NOT posted") else reports[-1:]
            if entry.by != "customer":
                continue
            is_edit = entry.text.startswith(EDITED)
            for number, version in MESSAGE.findall(entry.text):
                said = self._book.said[int(number)]
                people.add(said.person)
                self._found[said.number, int(version or 1), is_edit] += 1
                if not is_edit:
                    order[said.where].append(said)
                    self._place(said, ticket)
        if len(people) > 1:
            self.verdict.offend("astray", f"ticket {ticket}: words of {len(people)} customers")
        if not people:
            self.verdict.offend("astray", f"ticket {ticket}: nobody's words")
        for said_here in order.values():
            self._order(ticket, said_here)
        self._reports[ticket] = reports

    def _place(self, said: Said, ticket: str) -> None:
        known = self._tickets_of[f"{said.where}|{said.thread}"]
        if ticket not in known[-1:]:
            known.append(ticket)

    def _order(self, ticket: str, said: list[Said]) -> None:
        """What came by webhook stands in the order in which it was accepted; what polling found first came then."""
        came = [item for item in said if item.arrived is not None and not item.found]
        for before, after in pairwise(came):
            if (before.arrived or 0) > (after.arrived or 0):
                self.verdict.offend("out of order", f"ticket {ticket}: m{after.number} behind m{before.number}")
        latest = -1
        for item in said:
            self.verdict.late += item.number < latest
            latest = max(latest, item.number)

    # -- messages ------------------------------------------------------------------------------------------------------

    def _messages(self) -> None:
        stands = self._standing()
        for said in self._book.said:
            if said.deleted:
                continue
            if said.number not in stands:
                how = "" if said.arrived is not None else ", whose webhook was lost"
                self.verdict.offend("lost", f"m{said.number} ({said.platform} {said.id}{how})")
            elif said.version > 1 and not self._has_version(said):
                self._missing_edit(said)

    def _has_version(self, said: Said) -> bool:
        return any(self._found[said.number, said.version, is_edit] for is_edit in (True, False))

    def _missing_edit(self, said: Said) -> None:
        tickets = self._tickets_of[f"{said.where}|{said.thread}"]
        if any(self._desk.status(ticket) == "closed" for ticket in tickets):
            self.verdict.untold += 1
        else:
            self.verdict.offend("lost", f"m{said.number}v{said.version}: an edit ({said.platform} {said.id})")

    def _standing(self) -> set[int]:
        """Messages that stand on a ticket; those that stand there twice are noted."""
        stands: set[int] = set()
        for (number, version, is_edit), times in self._found.items():
            if not is_edit:
                if number in stands:
                    self.verdict.offend("doubled", f"m{number} in several versions")
                stands.add(number)
            if times > 1:
                self.verdict.offend("doubled", f"m{number}v{version}{' (edit)' if is_edit else ''}: {times} times")
        return stands

    def _conversations(self) -> None:
        """Two open tickets for one author in one thread: an agent would answer twice."""
        status = {ticket: state for ticket, _, state in self._desk.tickets()}
        for conversation, tickets in self._tickets_of.items():
            still = [ticket for ticket in tickets if status[ticket] != "closed"]
            if len(set(still)) > 1:
                self.verdict.offend("doubled", f"tickets {', '.join(still)} for one conversation ({conversation})")

    # -- replies -------------------------------------------------------------------------------------------------------

    def _replies(self) -> None:
        posted: Counter[tuple[int, int]] = Counter()
        for text, person in self._brands_words():
            for number, part in REPLY.findall(text):
                answer = self._book.answers[int(number)]
                posted[answer.number, int(part or 0)] += 1
                if person is not None and person not in self._customers(answer.ticket):
                    self.verdict.offend("astray", f"r{number}: posted to customer {person}")
            if "(secret)" in text:
                self.verdict.offend("astray", "an internal note was posted")
        by_ticket: dict[str, list[int]] = defaultdict(list)
        for answer in self._book.answers:
            by_ticket[answer.ticket].append(answer.number)
            parts = range(1, answer.sentences + 1) if answer.sentences > 1 else range(1)
            found = [posted[answer.number, part] for part in parts]
            if max(found) > 1:
                self.verdict.offend("doubled", f"r{answer.number} on ticket {answer.ticket}")
        for ticket, numbers in by_ticket.items():
            self._told(ticket, numbers, posted)

    def _told(self, ticket: str, numbers: list[int], posted: Counter[tuple[int, int]]) -> None:
        """One note for each reply, in its order; what it says is so."""
        reports = self._reports.get(ticket, [])
        if len(reports) < len(numbers):
            missing = len(numbers) - len(reports)
            self.verdict.offend("lost", f"{missing} of {len(numbers)} replies on ticket {ticket} without a word")
            return
        if len(reports) > len(numbers):
            self.verdict.offend("doubled", f"{len(reports)} reports on {len(numbers)} replies on ticket {ticket}")
            return
        for number, report in zip(numbers, reports, strict=True):
            sentences = self._book.answers[number].sentences
            parts = range(1, sentences + 1) if sentences > 1 else range(1)
            stands = sum(posted[number, part] > 0 for part in parts)
            self.verdict.replies[report] += 1
            if report == "posted" and stands < sentences:
                self.verdict.offend("lost", f"r{number} on ticket {ticket}: said to be posted, {stands} of {sentences}")
            if report.startswith("refused") and stands == sentences:
                self.verdict.offend("doubled", f"r{number} on ticket {ticket}: said not to be posted, and stands")

    def _customers(self, ticket: str) -> set[int]:
        found: set[int] = set()
        for entry in self._desk.entries(ticket):
            if entry.by == "customer":
                found |= {self._book.said[int(number)].person for number, _ in MESSAGE.findall(entry.text)}
        return found

    def _brands_words(self) -> Iterator[tuple[str, int | None]]:
        """(text, the customer it went to) of all that the brand wrote on the platforms."""
        yield from self._on_meta()
        yield from self._on_x()

    def _on_meta(self) -> Iterator[tuple[str, int | None]]:
        world, numbers = self._stage.meta.world, {}
        for said in self._book.said:
            numbers[said.platform, said.id] = said.person
        for item in world.data["comments"].values():
            if world.is_brand(item["author"], PAGE) and "(r" in item["message"]:
                yield item["message"], numbers.get(("facebook", item["parent"] or item["post"]))
        chats = {said.id: said.person for said in self._book.said if said.platform == "messenger"}
        for thread in world.data["threads"].values():
            person = next((chats[item["id"]] for item in thread["messages"] if item["id"] in chats), None)
            for item in thread["messages"]:
                if item["by_page"]:
                    yield item["text"], person

    def _on_x(self) -> Iterator[tuple[str, int | None]]:
        x = self._stage.x
        people = {f"customer_{said.person}": said.person for said in self._book.said if said.platform == "x"}
        by_user = {name: people.get(user["username"]) for name, user in x.world.data["users"].items()}
        for post in x.world.data["posts"].values():
            if post["author"] == x.brand:
                yield post["text"], by_user.get(post["parent_author"])
        for message in x.world.data["messages"]:
            if message["sender"] == x.brand:
                yield message["text"], by_user.get(message["recipient"])

    # -- the ledger and what is left -----------------------------------------------------------------------------------

    def _ledger(self) -> None:
        """Every queued event has exactly one disposition."""
        ledger, start = self._stage.app.runtime.stores.ledger, self._stage.started_at
        entries = 0
        for account in ACCOUNTS:
            for entry in ledger.recent(account, since=start, limit=10**7):
                entries += 1
                if entry.disposition is None:
                    self.verdict.offend("lost", f"{entry.key}: no disposition")
                else:
                    self.verdict.dispositions[entry.disposition.outcome.value] += 1
                    if entry.disposition.outcome.value == "parked":
                        self.verdict.offend("lost", f"{entry.key}: parked ({entry.disposition.reason})")
        if entries != len(self._book.keys):
            self.verdict.offend("lost", f"{len(self._book.keys)} events were queued, {entries} are in the ledger")

    def _leftovers(self) -> None:
        """Poison is parked, each once; an unknown outcome too; nothing else is, and no queue holds anything."""
        stage, seen = self._stage, set()
        for item in stage.app.runtime.stores.parking.list_parked(limit=10**6):
            self.verdict.parked[item.code] += 1
            if item.reason is ParkReason.MALFORMED and item.archived_at:
                body, _ = stage.system.archive.fetch(item.archived_at)
                seen |= {int(part.partition(";")[0]) for part in body.decode().split("poison-")[1:]}
            elif item.code != "outcome_unknown":
                self.verdict.offend("lost", f"parked: {item.id} ({item.code})")
        for error, times in stage.telemetry.bugs.items():
            self.verdict.offend("bug", f"{error}, {times} times: an error that nobody raised on purpose")
        for number in sorted(self._book.poison - seen):
            self.verdict.offend("lost", f"unreadable entry {number} was not parked")
        for name, queue in {**stage.system.queues, **stage.system.dead_letters}.items():
            if queue.depth():
                self.verdict.offend("lost", f"{queue.depth()} left in {name}")


def _reason(note: str) -> str:
    """``refused: ...`` by the note's words."""
    found = next((what for words, what in REASONS.items() if words in note), "by the platform")
    return f"refused: {found}"
