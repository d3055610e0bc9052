"""The words of an interaction as a note on a contact, and the mark by which it is found again. Pure."""

from __future__ import annotations

from html import escape

from chalicelib.ports.crm import Interaction


def mark(key: str) -> str:
    """What says that a note is ours, and for which key."""
    return f"[Careloop {key}]"


def headline(interaction: Interaction) -> str:
    """What, when, whether it is open."""
    state = "open" if interaction.is_open else "solved"
    return f"{interaction.summary}, {interaction.at:%Y-%m-%d}: {state}"


def links(interaction: Interaction) -> tuple[str, ...]:
    """To the ticket and to what the customer wrote."""
    return tuple(filter(None, (interaction.ticket_url, interaction.permalink)))


def as_text(interaction: Interaction) -> str:
    """Lines; the mark at the end."""
    return "\n".join([headline(interaction), *links(interaction), mark(interaction.key)])


def as_html(interaction: Interaction) -> str:
    """Paragraphs; the mark at the end."""
    lines = [escape(headline(interaction))]
    lines += [f'<a href="{escape(link)}">{escape(link)}</a>' for link in links(interaction)]
    return "".join(f"<p>{line}</p>" for line in [*lines, escape(mark(interaction.key))])
