"""The README's table of connectors, generated from their specs: ``python -m careloop.readme`` brings it up to date."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from chalicelib.connectors import registry
from chalicelib.core.account import ConnectionKind
from chalicelib.core.capabilities import PlatformCapabilities, UpdateLimit
from chalicelib.core.text.length import TextLimits
from chalicelib.ports.spec import CrmSpec, HelpdeskSpec, Level, PlatformSpec

BEGIN = "<!-- connectors: made by `python -m careloop.readme` -->"
END = "<!-- connectors end -->"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _limits(limits: TextLimits | None) -> str:
    if limits is None:
        return ""
    return " and ".join(f"{item.maximum:,} {item.unit.value.replace('_', ' ')}" for item in limits.limits)


def _lengths(capabilities: PlatformCapabilities) -> str:
    public, private = _limits(capabilities.text_limits), _limits(capabilities.private_text_limits)
    return public if not private or private == public else f"{public}; private {private}"


def _twice(spec: PlatformSpec) -> str:
    """What becomes of an answer that may have been posted, or not."""
    if spec.level < Level.REPLIES:
        return "nothing is sent"
    if spec.capabilities.idempotent_send:
        return "harmless"
    client = import_module(f"{registry.CONNECTORS[ConnectionKind.PLATFORM, spec.name]}.client").Client
    if hasattr(client, "find_sent"):
        return "looked for first"
    return "never: a status settles it" if spec.capabilities.updates_carry_key else "never: told as unknown"


def platforms() -> list[str]:
    """Rows of the platforms."""
    lines = [
        _row(
            "platform", "level", "comes by", "longest post", "private answer", "sent twice?", "CRM matching", "shown by"
        ),
        _row(*["---"] * 8),
    ]
    for name in registry.names(ConnectionKind.PLATFORM):
        spec = registry.spec(ConnectionKind.PLATFORM, name)
        assert isinstance(spec, PlatformSpec)
        capabilities = spec.capabilities
        lines.append(
            _row(
                spec.title,
                spec.level.name.lower(),
                "polling" if capabilities.polls else "webhook",
                _lengths(capabilities),
                _yes(capabilities.private_reply),
                _twice(spec),
                _matching(capabilities),
                spec.shown_by.value,
            )
        )
    return lines


def _matching(capabilities: PlatformCapabilities) -> str:
    terms = capabilities.terms
    if terms.may_match_crm:
        return "yes"
    return "only what is told directly" if terms.may_match_told else "no"


def helpdesks() -> list[str]:
    """Rows of the helpdesks."""
    lines = [
        _row(
            "helpdesk",
            "comes by",
            "writes as the customer",
            "creates once by itself",
            "closed is final",
            "entries of one ticket",
            "shown by",
        ),
        _row(*["---"] * 7),
    ]
    for name in registry.names(ConnectionKind.HELPDESK):
        spec = registry.spec(ConnectionKind.HELPDESK, name)
        assert isinstance(spec, HelpdeskSpec)
        capabilities = spec.capabilities
        ways = [
            word for word, has in (("webhook", capabilities.signed_webhooks), ("polling", capabilities.polls)) if has
        ]
        lines.append(
            _row(
                spec.title,
                " and ".join(ways),
                _yes(capabilities.acts_as_customer),
                _yes(capabilities.idempotent_create),
                _yes(capabilities.closed_is_final),
                _entries(capabilities.update_limit),
                spec.shown_by.value,
            )
        )
    return lines


def _entries(limit: UpdateLimit | None) -> str:
    """How many entries a ticket takes."""
    if limit is None:
        return "no limit"
    return f"{limit.updates} in {limit.per.total_seconds() / 60:.0f} minutes, then together"


def crms() -> list[str]:
    """Rows of the CRMs."""
    lines = [_row("CRM", "finds by", "shown by"), _row(*["---"] * 3)]
    for name in registry.names(ConnectionKind.CRM):
        spec = registry.spec(ConnectionKind.CRM, name)
        assert isinstance(spec, CrmSpec)
        clues = ", ".join(sorted(item.replace("_", " ") for item in spec.capabilities.finds_by))
        lines.append(_row(spec.title, clues, spec.shown_by.value))
    return lines


def table() -> str:
    """All three tables, between their marks."""
    return "\n".join([BEGIN, "", *platforms(), "", *helpdesks(), "", *crms(), "", END])


def updated(readme: str) -> str:
    """`readme` with the present table. Raises ValueError when the marks are not there."""
    start, end = readme.index(BEGIN), readme.index(END) + len(END)
    return readme[:start] + table() + readme[end:]


def main() -> int:
    """Rewrite README.md; says whether it changed."""
    path = Path("README.md")
    before = path.read_text(encoding="utf-8")
    after = updated(before)
    path.write_text(after, encoding="utf-8")
    print("README.md brought up to date." if after != before else "README.md is up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
