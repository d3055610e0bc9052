"""What is to be connected: the account or connection as it will be, its endpoint, and the secrets that are missing."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from careloop.connecting.address import home_of, path_of, shared_endpoint, takes_webhooks
from careloop.connecting.guide import UNKNOWN_ADDRESS, Guide
from careloop.connecting.storing import stored_credentials, stored_verification
from chalicelib.bootstrap import Application
from chalicelib.connectors.registry import CONNECTORS
from chalicelib.core.account import Account, Connection, ConnectionKind
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.ports.spec import CredentialField, OptionField, PlatformSpec, Spec, UsedFor

Ask = Callable[[str, str | None], str]
"""A question and what counts when nothing is said (None: something must be). Raises ConfigurationError."""
WEBHOOK_URL = "webhook_url"
"""An option in which a connector wants to be told its own address."""
GENERAL = tuple(OptionField(name=name, description="") for name in ("base_url", "poll", "mirror", "write_back"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the operator said; None and empty: nothing, so that what is stored stays."""

    name: str | None = None
    title: str | None = None
    helpdesk: str | None = None
    crms: tuple[str, ...] = ()
    handle: str | None = None
    endpoint: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``home``: connector and name of the endpoint; None: the vendor calls nobody. ``is_new``: it was not there."""

    spec: Spec
    subject: Account | Connection
    home: tuple[str, str] | None
    is_new: bool
    credentials: Mapping[str, str] = field(repr=False)
    """CALL fields that are stored."""
    verification: Mapping[str, tuple[str, ...]] = field(repr=False)
    """VERIFY fields that are stored."""

    @property
    def name(self) -> str:
        """The account's id, or the connection's name."""
        return self.subject.key.account if isinstance(self.subject, Account) else self.subject.name

    @property
    def label(self) -> str:
        """As other commands take it: "facebook:1234", "zendesk"."""
        return str(self.subject.key) if isinstance(self.subject, Account) else self.subject.name

    @property
    def fields(self) -> tuple[CredentialField, ...]:
        """The secrets that belong to it."""
        return tuple(item for item in self.spec.credentials if self.home or item.used_for is UsedFor.CALL)

    def is_stored(self, name: str) -> bool:
        """Whether there is a value of the secret already."""
        return name in self.credentials or name in self.verification

    def wanted(self) -> list[CredentialField]:
        """The secrets to ask for; required are those that are neither stored nor made here."""
        return [
            replace(item, required=item.required and not self.is_stored(item.name) and not item.made_here)
            for item in self.fields
        ]

    def hints(self) -> dict[str, str]:
        """What leaving a secret out means."""
        made = {item.name: "Enter: one is made for you" for item in self.fields if item.made_here}
        return {**made, **{item.name: "stored; Enter leaves it" for item in self.fields if self.is_stored(item.name)}}


def kind_of(connector: str, kind: str | None = None) -> ConnectionKind:
    """The kind of a connector. Raises ConfigurationError when there is none, or one of several kinds."""
    kinds = [item for item, name in CONNECTORS if name == connector and kind in (None, item.value)]
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        raise ConfigurationError(f"{connector} is {' and '.join(kinds)}: say --kind")
    known = ", ".join(sorted({name for _, name in CONNECTORS}))
    raise ConfigurationError(f"there is no connector {connector!r}. Known: {known}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What is known before anything is asked but the name."""

    name: str
    known: Account | Connection | None
    home: tuple[str, str] | None

    def webhook(self, kind: ConnectionKind, api: str | None) -> str:
        """The address for the vendor; empty where it calls nobody."""
        return f"{api or UNKNOWN_ADDRESS}{path_of(kind, *self.home)}" if self.home else ""


def begin(app: Application, spec: Spec, given: Given, ask: Ask) -> Start:
    """Which account or connection is meant. Raises ConfigurationError."""
    directory = app.runtime.stores.directory
    name = given.name or ask(*_name_question(spec))
    known: Account | Connection | None
    if spec.kind is ConnectionKind.PLATFORM:
        key = AccountKey(platform=spec.name, account=AccountId(name))
        known = next((item for item in directory.accounts() if item.key == key), None)
    else:
        known = next((item for item in directory.connections() if (item.kind, item.name) == (spec.kind, name)), None)
        if known is not None and known.connector != spec.name:
            raise ConfigurationError(f"the {spec.kind} {name} is a {known.connector}: choose another name")
    return Start(name=name, known=known, home=_home(app, spec, name, given, known.endpoint if known else None))


def make_plan(
    app: Application, spec: Spec, guide: Guide, given: Given, start: Start, ask: Ask, *, api: str | None
) -> Plan:
    """What `given`, what is stored and the answers to `ask` make together. ``api``: the API's address where it is
    known. Raises ConfigurationError."""
    known, home = start.known, start.home
    options = _options(spec, guide, given, known.options if known else {}, ask)
    if api and home and any(item.name == WEBHOOK_URL for item in spec.options):
        options.setdefault(WEBHOOK_URL, start.webhook(spec.kind, api))
    endpoint = home[1] if home else None
    subject: Account | Connection
    if spec.kind is ConnectionKind.PLATFORM:
        before = known if isinstance(known, Account) else None
        subject = _account(app, AccountKey(platform=spec.name, account=AccountId(start.name)), given, before, ask)
        subject = replace(subject, options=options, endpoint=endpoint)
    else:
        title = given.title or (known.title if known else spec.title)
        subject = Connection(
            kind=spec.kind, name=start.name, connector=spec.name, title=title, endpoint=endpoint, options=options
        )
    return Plan(
        spec=spec,
        subject=subject,
        home=home,
        is_new=known is None,
        credentials=stored_credentials(app, spec.kind, spec.name, start.name) if spec.credentials else {},
        verification=stored_verification(app, spec.kind, *home) if home else {},
    )


def made_here(plan: Plan, given: Mapping[str, str]) -> dict[str, str]:
    """New values of the secrets that are ours to choose and that nobody gave yet: letters, digits, - and _."""
    return {
        item.name: secrets.token_urlsafe(32)
        for item in plan.fields
        if item.made_here and not given.get(item.name) and not plan.is_stored(item.name)
    }


def _name_question(spec: Spec) -> tuple[str, str | None]:
    if spec.kind is ConnectionKind.PLATFORM:
        return f"The account's id on {spec.title}", None
    return f"A name for this {spec.kind}", spec.name


def _options(spec: Spec, guide: Guide, given: Given, stored: Mapping[str, str], ask: Ask) -> dict[str, str]:
    known = {item.name: item for item in (*GENERAL, *spec.options)}
    unknown = sorted(set(given.options) - set(known))
    if unknown:
        raise ConfigurationError(f"unknown option {', '.join(unknown)}. {spec.title} has: {', '.join(sorted(known))}")
    values = {**stored, **given.options}
    for item in spec.options:
        if item.name in values or not (item.required or item.name in guide.asks):
            continue
        example = f", such as {item.example}" if item.example else ""
        nothing = None if item.required else item.default or ""
        answer = ask(f"Option {item.name}: {item.description.rstrip('.')}{example}", nothing)
        if answer and answer != item.default:
            values[item.name] = answer
    return {name: value for name, value in values.items() if value}


def _home(app: Application, spec: Spec, name: str, given: Given, stored: str | None) -> tuple[str, str] | None:
    if not takes_webhooks(spec):
        return None
    directory = app.runtime.stores.directory
    shared = shared_endpoint(directory, spec) if isinstance(spec, PlatformSpec) and spec.family else None
    usual = spec.name if spec.kind is ConnectionKind.PLATFORM else name
    endpoint = given.endpoint or stored or (shared.name if shared else usual)
    return home_of(directory, spec, endpoint), endpoint


def _account(app: Application, key: AccountKey, given: Given, known: Account | None, ask: Ask) -> Account:
    connections = app.runtime.stores.directory.connections()
    desks = [item.name for item in connections if item.kind is ConnectionKind.HELPDESK]
    crms = [item.name for item in connections if item.kind is ConnectionKind.CRM]
    helpdesk = given.helpdesk or (known.helpdesk if known else _helpdesk(desks, ask))
    _must_be_there("helpdesk", [helpdesk], desks)
    chosen = given.crms or (known.crms if known else _crms(crms, ask))
    _must_be_there("CRM", chosen, crms)
    title = given.title or (known.title if known else ask("What agents and operators call it", key.account))
    made = known or Account(key=key, title=title, helpdesk=helpdesk)
    return replace(made, title=title, helpdesk=helpdesk, crms=tuple(chosen), handle=given.handle or made.handle)


def _helpdesk(desks: Sequence[str], ask: Ask) -> str:
    if not desks:
        raise ConfigurationError("there is no helpdesk yet: connect that first, for instance careloop connect zendesk")
    question = f"The helpdesk that its cases go to: --helpdesk ({', '.join(desks)})"
    return ask(question, desks[0] if len(desks) == 1 else None)


def _crms(crms: Sequence[str], ask: Ask) -> tuple[str, ...]:
    if not crms:
        return ()
    answer = ask(f"CRMs to ask for its authors, separated by commas: --crm ({', '.join(crms)})", "")
    return tuple(item.strip() for item in answer.split(",") if item.strip())


def _must_be_there(what: str, names: Sequence[str], known: Sequence[str]) -> None:
    missing = [name for name in names if name not in known]
    if missing:
        raise ConfigurationError(f"there is no {what} {', '.join(missing)}. There is: {', '.join(known) or 'none'}")
