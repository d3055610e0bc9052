"""What to do on the vendor's side: the connector's ``connecting.md``, or a plain form made from its data sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from chalicelib.connectors.registry import CONNECTORS
from chalicelib.core.account import ConnectionKind
from chalicelib.ports.spec import CredentialField, OptionField, PlatformSpec, Spec, UsedFor

PAGE = "connecting.md"
VALUES = frozenset({"webhook", "account", "name", "verify_token", "hook_secret", "secret_token", "signature_token"})
"""What a page may name as ``$value``."""
UNKNOWN_ADDRESS = "https://<your API>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """``first``: what to make before there are credentials. ``then``: what to tell the vendor once Careloop answers.
    ``asks``: options worth asking for, beside those that are required."""

    first: str
    then: str
    asks: tuple[str, ...] = ()

    def filled(self, part: str, values: Mapping[str, str]) -> str:
        """The text of "first" or "then" with the values to paste in it."""
        return Template(self.first if part == "first" else self.then).safe_substitute(values)


def guide_of(kind: ConnectionKind, spec: Spec) -> Guide:
    """The guide of a connector."""
    page = files(CONNECTORS[kind, spec.name]).joinpath(PAGE)
    return read_guide(page.read_text(encoding="utf-8")) if page.is_file() else plain_guide(spec)


def read_guide(text: str) -> Guide:
    """A page: ``ask: a, b`` on its first line, then ``## First`` and ``## Then``. Raises ValueError."""
    head, found, rest = text.partition("## First\n")
    first, there, then = rest.partition("## Then\n")
    if not (found and there and first.strip() and then.strip()):
        raise ValueError(f"{PAGE} needs the headings First and Then, with something below each")
    asks = head.strip().removeprefix("ask:").split(",")
    return Guide(first=first.strip(), then=then.strip(), asks=tuple(item.strip() for item in asks if item.strip()))


def plain_guide(spec: Spec) -> Guide:
    """What the data sheet alone can say."""
    verify = [item for item in spec.credentials if item.used_for is UsedFor.VERIFY]
    first = [f"Read the connector's page: {CONNECTORS[spec.kind, spec.name].replace('.', '/')}/README.md"]
    first += [_secret(item) for item in spec.credentials]
    first += [_option(item) for item in spec.options if item.required]
    then = ["The webhook's address is $webhook"] if verify else []
    then += [f"{item.name}, to be told to {spec.title}: ${item.name}" for item in verify if item.made_here]
    if isinstance(spec, PlatformSpec) and spec.capabilities.polls:
        then.append("Careloop asks for news every minute.")
    return Guide(first=_numbered(first), then=_numbered(then or ["Nothing is left to do there."]))


def _secret(item: CredentialField) -> str:
    words = item.description.rstrip(".")
    if item.made_here:
        return f"{item.name}: {words}. One is made for you if you have none."
    return f"{item.name}{'' if item.required else ' (if you have it)'}: {words}."


def _option(item: OptionField) -> str:
    example = f", such as {item.example}" if item.example else ""
    return f"Option {item.name}: {item.description.rstrip('.')}{example}."


def _numbered(lines: list[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
