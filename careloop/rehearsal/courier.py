"""How webhooks travel from the twins to us: taken from the vendors' own queues, signed by the vendors' own code, and
lost, doubled, overtaken, piled up or spoiled on the way."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from careloop.rehearsal.stage import Stage
from careloop.sandbox.setup import PAGE

LARGEST_BATCH = 1000
"""Meta: "a batch with a maximum of 1000 updates" (Graph API > Webhooks > Getting started, 2026-11-22)."""
PILE = timedelta(minutes=5)
Data = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Parcel:
    """One event of a vendor. ``message``: the number of the message that it tells; ``again``: a repetition."""

    remote: str
    item: Any
    message: int | None = None
    can_be_lost: bool = False
    again: bool = False
    poison: int | None = None


class Courier:
    """``collect`` takes what happened, ``deliver`` brings it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._book, self._weather = stage.book, stage.weather
        self._ready: dict[str, deque[Parcel]] = {name: deque() for name in ("meta", "x", "zendesk")}
        self._held: list[tuple[datetime, Parcel]] = []
        self._piled_until: datetime | None = None
        self.sent = 0
        """Events of platforms, without repetitions."""

    @property
    def waiting(self) -> int:
        """Events that are still on their way."""
        return sum(map(len, self._ready.values())) + len(self._held)

    # -- from the vendors ----------------------------------------------------------------------------------------------

    def collect(self) -> None:
        """Take what the vendors want to tell."""
        stage = self._stage
        for item in stage.meta.hooks.take(together=False):
            self._take(self._meta(item[0]), fresh=item[0]["attempts"] == 0)
        for pair in stage.x.hooks.take():
            self._take(self._x(pair), fresh=True)
        for hint in stage.desk.hooks.take():
            self._take(Parcel(remote="zendesk", item=hint, can_be_lost=True), fresh=hint[1]["attempts"] == 0)
        for kept in ("sent", "lost"):
            stage.x.hooks.data[kept].clear()

    def _meta(self, item: Data) -> Parcel:
        entry = item["entry"]
        name, adds = "", False
        if "changes" in entry:
            value = entry["changes"][0]["value"]
            adds = value.get("verb") == "add" and value.get("item") in ("comment", "post", "status", "photo")
            name = str(value.get("comment_id") or value.get("post_id") or "")
            known = self._book.by_id.get(("facebook", name)) if adds else None
        else:
            message = entry.get("messaging", [{}])[0].get("message", {})
            adds = "mid" in message and not message.get("is_deleted")
            known = self._book.by_id.get(("messenger", str(message.get("mid")))) if adds else None
        return Parcel(remote="meta", item=item, message=known, can_be_lost=known is not None)

    def _x(self, pair: tuple[Data, Data]) -> Parcel:
        data = json.loads(pair[1]["body"])["data"]
        payload = data["payload"]
        name = ""
        if data["event_type"].startswith("post.") and data["event_type"] != "post.delete":
            name = str(payload["id"])
        elif data["event_type"] == "dm.received":
            name = str(payload["direct_message_events"][0]["id"])
        known = self._book.by_id.get(("x", name))
        return Parcel(remote="x", item=pair, message=known, can_be_lost=known is not None)

    def _take(self, parcel: Parcel, *, fresh: bool) -> None:
        """What a vendor repeats by itself is no new event, and nothing more happens to it."""
        if not fresh:
            parcel.again = True
            self._ready[parcel.remote].append(parcel)
            return
        self.sent += parcel.remote != "zendesk"
        if parcel.can_be_lost and self._weather.strikes("lost-webhooks"):
            self._book.counts["lost"] += 1
            if parcel.message is not None:
                self._book.missing.append(self._book.said[parcel.message])
            return
        if self._weather.strikes("disorder"):
            self._hold(parcel, self._weather.dice("disorder").uniform(0.1, 20))
        else:
            self._ready[parcel.remote].append(parcel)
        if self._weather.strikes("poison") and parcel.remote != "zendesk":
            self._ready[parcel.remote].append(self._poison(parcel.remote))

    def _hold(self, parcel: Parcel, seconds: float) -> None:
        self._held.append((self._stage.clock.now() + timedelta(seconds=seconds), parcel))

    def _poison(self, remote: str) -> Parcel:
        self._book.counts["poison made"] += 1
        number = self._book.counts["poison made"]
        if remote == "x":
            webhook = self._stage.x.hooks.data["webhooks"][0]
            broken = {"event_type": "post.mention.create", "payload": {"text": f"poison-{number};"}}
            body = json.dumps({"data": {"event_uuid": str(number), "filter": {}, **broken}})
            return Parcel(remote="x", item=(webhook, {"webhook": webhook["id"], "body": body, "ms": 0}), poison=number)
        value = {"item": "comment", "verb": "add", "message": f"poison-{number};"}
        now = self._stage.meta.world.now()
        entry = {"id": PAGE, "time": now // 1000, "changes": [{"field": "feed", "value": value}]}
        return Parcel(remote="meta", item={"page": PAGE, "entry": entry, "since": now, "attempts": 0}, poison=number)

    # -- to us ---------------------------------------------------------------------------------------------------------

    def deliver(self, *, everything: bool = False) -> None:
        """Bring what is ready; with ``everything`` also what was held back for longer."""
        now = self._stage.clock.now()
        due = [parcel for at, parcel in self._held if everything or at <= now]
        self._held = [] if everything else [(at, parcel) for at, parcel in self._held if at > now]
        for parcel in due:
            self._ready[parcel.remote].append(parcel)
        for parcel in self._drain("x"):
            self._bring_one(parcel)
        for parcel in self._drain("zendesk"):
            self._bring_one(parcel)
        if not self._is_piling(now, everything):
            for body in self._bodies(self._drain("meta")):
                self._bring_meta(body)

    def _drain(self, remote: str) -> Iterator[Parcel]:
        ready, self._ready[remote] = self._ready[remote], deque()
        return iter(ready)

    def _is_piling(self, now: datetime, everything: bool) -> bool:
        """Whether Meta keeps its webhooks for a while."""
        if everything or "batches" not in self._weather.faults:
            return False
        if self._piled_until is None:
            if len(self._ready["meta"]) and self._weather.strikes("batches"):
                self._piled_until = now + PILE * self._weather.dice("batches").random()
            return self._piled_until is not None
        if now < self._piled_until and len(self._ready["meta"]) < LARGEST_BATCH:
            return True
        self._piled_until = None
        return False

    def _bodies(self, parcels: Iterable[Parcel]) -> Iterator[list[Parcel]]:
        """One event a body, or up to a thousand."""
        waiting, dice = list(parcels), self._weather.dice("batches")
        batched = "batches" in self._weather.faults
        while waiting:
            size = dice.choice((1, 1, 1, 2, 5, LARGEST_BATCH)) if batched else 1
            yield waiting[:size]
            del waiting[:size]

    def _bring_meta(self, body: list[Parcel]) -> None:
        meta = self._stage.meta
        items = [parcel.item for parcel in body]
        for parcel in body:
            self._book.announce(parcel.message)
        accepted = meta.hooks.attempt(items, self._stage.deliver)
        meta.hooks.settle(items, accepted=accepted)
        self._after(body, accepted)
        if self._weather.strikes("duplicates"):
            self._repeat(body, lambda: meta.hooks.attempt(items, self._stage.deliver))

    def _bring_one(self, parcel: Parcel) -> None:
        hooks: Any = self._stage.x.hooks if parcel.remote == "x" else self._stage.desk.hooks
        webhook, delivery = parcel.item
        self._book.announce(parcel.message)
        status = hooks.attempt(webhook, delivery, self._stage.deliver)
        hooks.settle(delivery, status)
        self._after([parcel], status == 200)
        if self._weather.strikes("duplicates"):
            self._repeat([parcel], lambda: hooks.attempt(webhook, delivery, self._stage.deliver))

    def _repeat(self, body: list[Parcel], once_more: Any) -> None:
        """The same body at once, or its events later in other bodies."""
        if self._weather.dice("duplicates").random() < 0.5:
            once_more()
            self._book.counts["webhooks"] += 1
            self._book.counts["repeated"] += len(body)
            return
        for parcel in body[:20]:
            copy = Parcel(remote=parcel.remote, item=parcel.item, again=True)
            self._hold(copy, self._weather.dice("duplicates").choice((1, 30, 400)))

    def _after(self, body: list[Parcel], accepted: bool) -> None:
        self._book.counts["webhooks"] += 1
        if not accepted:
            self._book.counts["refused"] += 1
            return
        for parcel in body:
            if parcel.poison is not None:
                self._book.poison.add(parcel.poison)
            elif parcel.again:
                self._book.counts["repeated"] += 1
                if parcel.message is not None:
                    self._book.arrive(parcel.message)
            elif parcel.remote != "zendesk":
                self._book.arrive(parcel.message)
