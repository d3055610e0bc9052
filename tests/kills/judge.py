"""What must be true when the last process has done its work: by the vendors' records and by ours."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from careloop.local.system import LocalSystem
from chalicelib.core.disposition import ParkReason
from tests.kills.life import Life
from tests.kills.town import FACEBOOK, MESSENGER, Town

MOST = 100_000


def under_way(system: LocalSystem, town: Town) -> list[str]:
    """What is still to come, but for the jobs and hints that polls bring every minute."""
    waiting = {"inbound": system.queues["inbound"].depth()}
    waiting |= {f"{name} given up": queue.depth() for name, queue in system.dead_letters.items()}
    waiting["webhooks"] = town.pending
    return [f"still under way: {count} {name}" for name, count in waiting.items() if count]


def problems(life: Life, system: LocalSystem, town: Town) -> list[str]:
    """All that is wrong; empty: nothing."""
    found = [*_file(system), *_ledger(life, system), *_messages(town), *_replies(system, town)]
    if life.bugs.exists():
        found += [f"bug: {line}" for line in life.bugs.read_text(encoding="utf-8").splitlines()]
    return found


def _file(system: LocalSystem) -> list[str]:
    answer = system.database.read("PRAGMA integrity_check")
    return [] if answer == [("ok",)] else [f"the file is damaged: {answer}"]


def _ledger(life: Life, system: LocalSystem) -> list[str]:
    since = life.clock.now() - timedelta(days=60)
    found = []
    for account in (FACEBOOK, MESSENGER):
        for entry in system.stores.ledger.recent(account, since=since, limit=MOST):
            if entry.disposition is None:
                found.append(f"{entry.key} has no disposition after {entry.attempts} attempts")
    for item in system.stores.parking.list_parked(limit=MOST):
        if (item.reason, item.code) != (ParkReason.NEEDS_HUMAN, "outcome_unknown"):
            found.append(f"parked: {item.reason} {item.code} {item.queue}")
    return found


def _messages(town: Town) -> list[str]:
    """Each message of a customer stands on one ticket, once, and each conversation's in order."""
    standing = [
        (ticket["id"], comment["text"])
        for ticket in town.tickets()
        for comment in ticket["comments"]
        if comment["public"] and comment["role"] == "end-user"
    ]
    found = [f"opened twice: {name}" for name, count in _ids(town).items() if count > 1]
    for talk, texts in town.written.messages.items():
        places = [[index for index, (_, words) in enumerate(standing) if text in words.splitlines()] for text in texts]
        for text, at in zip(texts, places, strict=True):
            if len(at) != 1:
                found.append(f"{talk}: {text!r} stands on tickets {len(at)} times")
        once = [at[0] for at in places if len(at) == 1]
        if once != sorted(once):
            found.append(f"{talk}: out of order")
        if len({standing[index][0] for index in once}) > 1:
            found.append(f"{talk}: on several tickets")
    return found


def _ids(town: Town) -> Counter[str]:
    return Counter(ticket["external_id"] for ticket in town.tickets())


def _replies(system: LocalSystem, town: Town) -> list[str]:
    """Each reply was posted once, or it is parked and its agent told; each ticket's in order."""
    posted = town.posted()
    parked = sum(item.code == "outcome_unknown" for item in system.stores.parking.list_parked(limit=MOST))
    counts, found, missing = Counter(posted), [], 0
    for ticket, texts in town.written.replies.items():
        for text in texts:
            if counts[text] > 1:
                found.append(f"ticket {ticket}: {text!r} was posted {counts[text]} times")
            missing += counts[text] == 0
        places = [posted.index(text) for text in texts if counts[text]]
        if places != sorted(places):
            found.append(f"ticket {ticket}: answers out of order")
    if missing != parked:
        found.append(f"{missing} replies were not posted, {parked} are parked with a note to their agent")
    return found
