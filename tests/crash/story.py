"""What people did in a run, and nothing else: what the judge holds the twins' records against."""

from __future__ import annotations

from dataclasses import dataclass, field

DELETED = "The customer deleted a message"
"""How the note on a deletion begins."""


@dataclass(slots=True)
class Answer:
    """A public reply of an agent. ``marks``: words that only it holds, in order; each is posted at most once.
    ``private``: it must stand where the platform's private messages stand."""

    marks: tuple[str, ...]
    private: bool = False


@dataclass(slots=True)
class Story:
    """``said``: the marks of each person's words (edits are words too), in the order of writing. ``unheard``: those
    that nobody may hear (deleted before they arrived). ``tickets``: how many there should be. ``notes``: how many
    notes of each further kind, by their first words."""

    said: dict[str, list[str]] = field(default_factory=dict)
    unheard: set[str] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)
    tickets: int = 0
    notes: dict[str, int] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    """Mark -> the platform's id."""
    out_of_order: bool = False
    """The platform itself delivered in another order than was written."""
    reopened: str | None = None
    """The ticket that must be open in the end."""
    linked: str | None = None
    """The record that an agent linked Kim to in the end."""

    def copy(self) -> Story:
        """As it is now."""
        return Story(
            said={who: list(marks) for who, marks in self.said.items()},
            unheard=set(self.unheard),
            answers=list(self.answers),
            tickets=self.tickets,
            notes=dict(self.notes),
            messages=dict(self.messages),
            out_of_order=self.out_of_order,
            reopened=self.reopened,
            linked=self.linked,
        )
