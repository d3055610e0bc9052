"""Stores about how the outside is doing: remotes, alarms, what checks remember."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from chalicelib.core.alarms import Alarm
from chalicelib.core.health import Health
from chalicelib.core.remotes import RemoteState


class RemoteStore(Protocol):
    """How remotes are doing, for all workers: breaker and budgets."""

    def find_remote(self, name: str) -> RemoteState | None:
        """The record of one account's or connection's remote; None: nothing was ever amiss."""
        ...

    def save_remote(self, name: str, state: RemoteState) -> RemoteState:
        """Store `state` with the next version. Raises ConflictError unless the stored version is ``state.version`` (0:
        there is none yet)."""
        ...


class AlarmStore(Protocol):
    """What is broken now."""

    def raise_alarm(self, alarm: Alarm) -> bool:
        """Keep it. One that stands keeps its ``since`` and counts on. True: it is new."""
        ...

    def clear_alarm(self, alarm_id: str) -> bool:
        """All is well again. True: it stood."""
        ...

    def list_alarms(self) -> Sequence[Alarm]:
        """All that stand, oldest first."""
        ...

    def standing(self) -> Mapping[str, Alarm]:
        """All that stand, by id, as this process knows them: what another changed may be seen a minute later."""
        ...


class HealthStore(Protocol):
    """What checks remember, and signs of life. The latest writer decides."""

    def find_health(self, name: str) -> Health | None:
        """What the last check left."""
        ...

    def save_health(self, health: Health) -> None:
        """For the next check."""
        ...

    def find_mark(self, name: str) -> datetime | None:
        """When something was last alive; None: not within a week."""
        ...

    def set_mark(self, name: str, at: datetime) -> None:
        """It was alive then."""
        ...
