"""The judge: holds what the twins' own worlds say against what people did. It asks the product only for its ledger,
its deliveries and its parking lot, and believes them only where the rule itself names them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.core.case import CaseState
from chalicelib.core.disposition import LedgerEntry, Outcome
from chalicelib.core.ids import AuthorId, AuthorKey
from chalicelib.core.reply import DeliveryStatus
from tests.crash.desks import Entry
from tests.crash.story import DELETED, Answer
from tests.crash.world import MARK, World

BRIEF, AFTER_ALL, UNKNOWN = "Careloop brief", "It was posted after all.", "It is UNKNOWN whether"
REMATCHED = "Careloop found the customer's record"
_REPORT = re.compile(r"(?:Posted (?:on|in private on) |NOT posted on |It is UNKNOWN whether )")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``problems``: "lost: ...", "doubled: ..." and so on; none: all is well. ``unknown``: replies of which nobody can
    tell whether they stand, and the agent was told."""

    problems: tuple[str, ...]
    unknown: int = 0

    @property
    def outcome(self) -> str:
        """In a word."""
        if self.problems:
            return self.problems[0].partition(":")[0]
        return "unknown, told" if self.unknown else "as if nothing had happened"


def judge(world: World) -> Verdict:
    """After everything came to rest."""
    court = _Court(world)
    problems = [*court.tickets(), *court.words(), *court.notes(), *court.replies(), *court.records()]
    return Verdict(problems=tuple(problems), unknown=len(court.unknown_replies))


class _Court:
    def __init__(self, world: World) -> None:
        self.world, self.story = world, world.story
        self.entries = world.desk.entries()
        self.stores = world.app.runtime.stores
        self.ledger = self._ledger()
        cases = sorted({item.disposition.case for item in self.ledger if item.disposition and item.disposition.case})
        self.cases = [self.stores.cases.get_case(case) for case in cases]
        self.deliveries = [item for case in cases for item in self.stores.deliveries.deliveries(case)]
        self.parked = self.stores.parking.list_parked(limit=1000)

    def _ledger(self) -> list[LedgerEntry]:
        since = self.world.clock.now() - timedelta(days=3)
        accounts = self.world.place.accounts()
        return [item for account in accounts for item in self.stores.ledger.recent(account, since=since, limit=1000)]

    # -- what came in --------------------------------------------------------------------------------------------------

    def tickets(self) -> Iterator[str]:
        """Exactly as many tickets as there are matters."""
        made = len(self.world.desk.tickets())
        if made != self.story.tickets:
            yield f"{'doubled' if made > self.story.tickets else 'lost'}: {made} tickets for {self.story.tickets}"
        reopened = self.story.reopened
        if reopened is not None and not self.world.desk.is_open(reopened):
            yield "lost: the solved ticket was not reopened"

    def words(self) -> Iterator[str]:
        """Each message once, in the order in which it came to us."""
        heard = [mark for entry in self.entries if entry.public for mark in MARK.findall(entry.text)]
        counted = Counter(heard)
        for who, marks in self.story.said.items():
            for mark in marks:
                if counted[mark] != 1:
                    yield f"{'doubled' if counted[mark] else 'lost'}: message {mark} stands {counted[mark]} times"
            order = [mark for mark in heard if mark in marks]
            came = [mark for mark in dict.fromkeys(self.world.arrived) if mark in marks]
            if sorted(order) == sorted(came) and order != came:
                yield f"disorder: {who} wrote {came}, the ticket says {order}"
        known = {mark for marks in self.story.said.values() for mark in marks}
        for mark in counted.keys() - known - self.story.unheard:
            yield f"invented: {mark} stands on a ticket"

    def notes(self) -> Iterator[str]:
        """Each of Careloop's notes once: no agent is told twice, and none is left without a word."""
        notes = [entry for entry in self.entries if not entry.public]
        yield from self._counted("brief", _begin(notes, BRIEF), self.story.tickets)
        reports = [entry for entry in notes if _REPORT.match(entry.text)]
        yield from self._counted("report", reports, len(self.story.answers))
        for words, number in self.story.notes.items():
            if words == DELETED:
                continue
            yield from self._counted(f"note {words!r}", _begin(notes, words), number)
        # what was deleted before it came is not shown; where it came first after all, its deletion is told
        shown = {mark for entry in self.entries if entry.public for mark in MARK.findall(entry.text)}
        wanted = self.story.notes.get(DELETED, 0) + len(self.story.unheard & shown)
        if self.story.unheard and self.world.desk.strikes:
            # what came first is struck out again: it stands without its mark
            wanted += sum(entry.public and not MARK.search(entry.text) for entry in self.entries)
        yield from self._counted("note on a deletion", _begin(notes, DELETED), wanted)
        found_later = Counter(entry.ticket for entry in _begin(notes, REMATCHED))
        if any(times > 1 for times in found_later.values()):
            yield "doubled: a customer's record found more than once"
        later = _begin(notes, AFTER_ALL)
        if len(later) > len(_begin(notes, UNKNOWN)):
            yield "doubled: 'posted after all' told more often than 'unknown'"
        kinds = (BRIEF, AFTER_ALL, DELETED, REMATCHED, *self.story.notes)
        for entry in notes:
            if not entry.text.startswith(kinds) and not _REPORT.match(entry.text):
                yield f"invented: an unexpected note: {entry.text.splitlines()[0][:70]!r}"

    def _counted(self, what: str, notes: Sequence[Entry], wanted: int) -> Iterator[str]:
        if len(notes) != wanted:
            yield f"{'doubled' if len(notes) > wanted else 'lost'}: {what} written {len(notes)} times, not {wanted}"

    # -- what went out -------------------------------------------------------------------------------------------------

    @property
    def unknown_replies(self) -> set[str]:
        """Replies with a part of unknown outcome."""
        return {item.reply for item in self.deliveries if item.status is DeliveryStatus.UNKNOWN}

    def replies(self) -> Iterator[str]:
        """Each reply at most once; not at all only where its outcome can't be known, and then it is said so."""
        posts = self.world.place.posts()
        posted = [mark for post in posts for mark in MARK.findall(post.text)]
        incomplete = 0
        for answer in self.story.answers:
            yield from self._reply(answer, posted)
            incomplete += not set(answer.marks) <= set(posted)
        known = {mark for answer in self.story.answers for mark in answer.marks}
        if stray := set(posted) - known:
            yield f"leaked: {sorted(stray)[:3]} were published"
        unknown = self.unknown_replies
        if incomplete > len(unknown):
            yield f"lost: {incomplete} replies are not posted, but only {len(unknown)} are known as unknown"
        yield from self._unknown(unknown)
        for delivery in self.deliveries:
            if delivery.status is not DeliveryStatus.SENT and delivery.status is not DeliveryStatus.UNKNOWN:
                yield f"unfinished: a delivery is left {delivery.status}: {delivery.reason}"

    def _reply(self, answer: Answer, posted: list[str]) -> Iterator[str]:
        stands = [mark for mark in posted if mark in answer.marks]
        doubled = [mark for mark, times in Counter(stands).items() if times > 1]
        if doubled:
            yield f"doubled: reply {answer.marks[0]} posted more than once"
        elif stands != list(answer.marks[: len(stands)]):
            yield f"disorder: the parts of reply {answer.marks[0]}"
        if answer.private and stands and not self._is_private(answer):
            yield f"leaked: reply {answer.marks[0]} stands in public"

    def _is_private(self, answer: Answer) -> bool:
        """Whether it stands in no thread that was public."""
        public = set(self.world.place.public_threads())
        return all(post.where not in public for post in self.world.place.posts() if f"[{answer.marks[0]}]" in post.text)

    def _unknown(self, unknown: set[str]) -> Iterator[str]:
        told = len(_begin(self.entries, UNKNOWN)) - len(_begin(self.entries, AFTER_ALL))
        if told != len(unknown):
            yield f"untold: {len(unknown)} replies of unknown outcome, {told} agents told"
        waiting = [item for item in self.parked if item.code == "outcome_unknown"]
        if len(waiting) < len(unknown):
            yield f"unparked: {len(unknown)} replies of unknown outcome, {len(waiting)} parked"

    # -- what was written down -----------------------------------------------------------------------------------------

    def records(self) -> Iterator[str]:
        """Every event has its one disposition, nothing waits, nothing was given up, no bug showed itself."""
        for entry in self.ledger:
            if entry.disposition is None:
                yield f"undecided: {entry.key} has no disposition"
            elif entry.disposition.outcome is Outcome.PARKED:
                yield f"parked: an event, {entry.disposition.reason}"
        for case in self.cases:
            if case.state is CaseState.OPENING:
                yield "unfinished: a case is left opening"
        yield from self._linked()
        for item in self.parked:
            if item.code != "outcome_unknown":
                yield f"parked: {item.code}"
        for kind, queues in (("left", self.world.system.queues), ("dead", self.world.system.dead_letters)):
            for name, queue in queues.items():
                if queue.depth():
                    yield f"{kind}: {queue.depth()} messages in {name}"
        if due := self.stores.due.list_due(self.world.clock.now() + timedelta(days=30)):
            yield f"left: {len(due)} due items"
        for bug in self.world.telemetry.bugs:
            yield f"bug: {bug}"

    def _linked(self) -> Iterator[str]:
        """What an agent decided in the end is remembered, on the case too, and nothing that was ruled out before."""
        if self.story.linked is None:
            return
        platform, name = self.world.place.author("kim")
        known = self.stores.identities.know(AuthorKey(platform=platform, author=AuthorId(name)))
        links = [known.identity.contact.contact if known.identity else None]
        links += [case.match.contact.ref.contact if case.match.contact else None for case in self.cases]
        if any(link != self.story.linked for link in links) or known.rejections:
            yield f"lost: linked to {links} after /link {self.story.linked}, {len(known.rejections)} ruled out"


def _begin(entries: Sequence[Entry], words: str) -> list[Entry]:
    return [entry for entry in entries if not entry.public and entry.text.startswith(words)]
