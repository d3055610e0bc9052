"""The pipeline with local state and fake connectors: a small world for functional tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from careloop.local.runner import drain
from chalicelib import bootstrap
from chalicelib.adapters.aws.telemetry import check_fields
from chalicelib.core.account import Account, Connection, ConnectionKind, Endpoint
from chalicelib.core.capabilities import CrmCapabilities
from chalicelib.core.disposition import LedgerEntry
from chalicelib.core.errors import ConfigurationError, NotFoundError
from chalicelib.core.events import (
    HelpdeskHint,
    InboundMessage,
    Parsed,
    PlatformEvent,
    Surface,
    Visibility,
)
from chalicelib.core.ids import (
    AccountId,
    AccountKey,
    AuthorId,
    AuthorKey,
    ContactRef,
    MessageId,
    MessageKey,
    ThreadId,
    ThreadKey,
)
from chalicelib.core.people import Author, ClueKind, Clues, Contact
from chalicelib.pipeline.receive import envelope_messages, hint_message
from chalicelib.ports.crm import Interaction
from chalicelib.ports.runtime import Queues, Runtime
from chalicelib.ports.spec import CrmSpec, PlatformSpec, ShownBy
from tests.fakes.clock import FrozenClock
from tests.fakes.helpdesk import FakeHelpdesk, Ticket, sheet
from tests.fakes.platform import FakePlatform, spec
from tests.fakes.state import open_state


class SilentTelemetry:
    """Keeps what was logged and counted, and refuses what must not be: fields are ids, codes and numbers, so a value with
    a blank in it can only be somebody's words."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []
        self.counts: dict[str, int] = {}
        self.values: dict[str, list[float]] = {}
        self.followed: list[str] = []

    def log(self, stage: str, outcome: str, **fields: str | int | float | None) -> None:
        _check(stage, outcome, fields)
        self.lines.append((stage, outcome, fields))

    def count(self, metric: str, amount: int = 1, **dimensions: str) -> None:
        _check(metric, "", dimensions)
        self.counts[metric] = self.counts.get(metric, 0) + amount

    def follow(self, correlation: str) -> None:
        self.followed.append(correlation)

    def measure(self, metric: str, value: float, unit: str = "Seconds", **dimensions: str) -> None:
        _check(metric, "", dimensions)
        self.values.setdefault(metric, []).append(value)

    def flush(self) -> None:
        self.followed.append("")


def _check(stage: str, outcome: str, fields: Mapping[str, str | int | float | None]) -> None:
    check_fields(fields)
    for said in (stage, outcome, *(value for value in fields.values() if isinstance(value, str))):
        assert len(said) <= 200, f"{stage}: a value of {len(said)} characters in the log"
        ours = said.startswith("careloop ")  # the command that mends an alarm
        assert ours or not any(sign.isspace() for sign in said), f"{stage}: somebody's words in the log"


class FakeCrm:
    """Returns every contact whose reference was planted for one of the clues."""

    def __init__(self) -> None:
        self.contacts: list[Contact] = []
        self.down: Exception | None = None
        self.asked: list[Clues] = []

    def find_contacts(self, clues: Clues) -> Sequence[Contact]:
        self.asked.append(clues)
        if self.down:
            raise self.down
        return self.contacts

    def get_contact(self, ref: Any) -> Contact:
        if self.down:
            raise self.down
        found = next((item for item in self.contacts if item.ref == ref), None)
        if found is None:
            raise NotFoundError("no such contact")
        return found


class WritableCrm(FakeCrm):
    """A CRM that keeps identities, interactions and holds: its record is what tests look at."""

    def __init__(self) -> None:
        super().__init__()
        self.identities: set[tuple[str, str]] = set()
        self.interactions: dict[tuple[str, str], Interaction] = {}
        self.held: set[str] = set()
        self.faults: list[Exception] = []
        self.calls: list[str] = []

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if self.faults:
            raise self.faults.pop(0)

    def link_identity(self, contact: ContactRef, author: Author) -> None:
        self._called("link_identity")
        self.identities.add((contact.contact, str(author.key)))

    def unlink_identity(self, contact: ContactRef, author: Author) -> None:
        self._called("unlink_identity")
        self.identities.discard((contact.contact, str(author.key)))

    def log_interaction(self, interaction: Interaction) -> None:
        self._called("log_interaction")
        self.interactions[interaction.contact.contact, interaction.key] = interaction

    def remove_interaction(self, contact: ContactRef, key: str) -> None:
        self._called("remove_interaction")
        self.interactions.pop((contact.contact, key), None)

    def hold_marketing(self, contact: ContactRef, *, held: bool) -> None:
        self._called("hold_marketing")
        if held:
            self.held.add(contact.contact)
        else:
            self.held.discard(contact.contact)


class FakeConnectors:
    """Hands out the fakes by name."""

    def __init__(self) -> None:
        self.platforms: dict[str, Any] = {}
        self.specs: dict[str, PlatformSpec] = {}
        self.helpdesks: dict[str, Any] = {}
        self.crms: dict[str, Any] = {}
        self.receivers: dict[str, Any] = {}
        self.desk_sheet = sheet()
        self.crm_sheet = CrmSpec(
            name="fake",
            title="Fake",
            capabilities=CrmCapabilities(finds_by=frozenset(kind.value for kind in ClueKind)),
            credentials=(),
            shown_by=ShownBy.DOCUMENTATION,
        )

    def receiver(self, kind: ConnectionKind, endpoint: Endpoint) -> Any:
        return self.receivers[endpoint.connector]

    def platform(self, account: Account, *, patient: bool = False) -> Any:
        try:
            return self.platforms[account.key.platform]
        except KeyError:
            raise ConfigurationError("no such platform") from None

    def helpdesk(self, name: str, *, patient: bool = False) -> Any:
        return self.helpdesks[name]

    def crm(self, name: str, *, patient: bool = False) -> Any:
        return self.crms[name]

    def platform_spec(self, name: str) -> PlatformSpec:
        return self.specs[name]

    def helpdesk_spec(self, connection: str) -> Any:
        return self.desk_sheet

    def crm_spec(self, connection: str) -> CrmSpec:
        return self.crm_sheet


class World:
    """One brand on one platform ("agora", with a private sibling "agora-dm"), one helpdesk, one CRM."""

    def __init__(self, platform: FakePlatform | None = None, sheet: PlatformSpec | None = None) -> None:
        self.clock = FrozenClock()
        self.system = open_state(self.clock)
        self.platform = platform or FakePlatform(self.clock.now)
        self.private = FakePlatform(self.clock.now, "agora-dm")
        self.desk = FakeHelpdesk(now=self.clock.now)
        self.crm = FakeCrm()
        self.telemetry = SilentTelemetry()
        self.connectors = FakeConnectors()
        self.connectors.platforms = {"agora": self.platform, "agora-dm": self.private}
        self.connectors.specs = {"agora": sheet or spec(), "agora-dm": spec("agora-dm")}
        self.connectors.helpdesks = {"desk": self.desk}
        self.connectors.crms = {"crm": self.crm}
        queues = self.system.queues
        self.runtime = Runtime(
            stores=self.system.stores,
            queues=Queues(inbound=queues["inbound"], outbound=queues["outbound"], jobs=queues["jobs"]),
            archive=self.system.archive,
            connectors=self.connectors,
            clock=self.clock,
            telemetry=self.telemetry,
        )
        self.app = bootstrap.Application(
            runtime=self.runtime, queues=queues, secrets=self.system.secrets, sessions=self.system.sessions
        )
        directory = self.system.stores.directory
        for name in ("agora", "agora-dm"):
            key = AccountKey(platform=name, account=AccountId("brand"))
            directory.put_account(Account(key=key, title="Acme", helpdesk="desk", crms=("crm",)))
        directory.put_connection(Connection(kind=ConnectionKind.HELPDESK, name="desk", connector="fake"))
        directory.put_connection(Connection(kind=ConnectionKind.CRM, name="crm", connector="fake"))

    # -- the customer --------------------------------------------------------------------------------------------------

    def message(self, number: str = "m1", text: str = "Where is my parcel?", **changes: Any) -> InboundMessage:
        """A customer's message, public by default."""
        platform = changes.pop("platform", "agora")
        account = AccountKey(platform=platform, account=AccountId("brand"))
        person = changes.pop("person", "kim")
        private = changes.pop("private", False)
        author = Author(
            key=AuthorKey(platform=platform, author=AuthorId(person)), handle=person, display_name=person.title()
        )
        values: dict[str, Any] = {
            "key": MessageKey(account=account, message=MessageId(number)),
            "thread": ThreadKey(account=account, thread=ThreadId(changes.pop("thread", "post-1"))),
            "author": author,
            "text": text,
            "surface": Surface.DM if private else Surface.COMMENT,
            "visibility": Visibility.PRIVATE if private else Visibility.PUBLIC,
            "sent_at": self.clock.now(),
            "permalink": f"https://{platform}.example/{number}",
        }
        return InboundMessage(**{**values, **changes})

    def send(self, *events: PlatformEvent) -> None:
        """Put events into the inbound queue."""
        self.runtime.queues.inbound.send(envelope_messages(Parsed(events=events), self.clock.now(), None))

    def arrive(self, *events: PlatformEvent) -> None:
        """Put events into the queue and work until nothing is left to do now."""
        self.send(*events)
        self.work()

    # -- workers -------------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Work on everything that is visible."""
        bootstrap.install(self.app)
        try:
            drain({**self.system.queues})
        finally:
            bootstrap.install(None)

    def later(self, **duration: float) -> None:
        """Let time pass, then work."""
        self.clock.advance(**duration)
        self.work()

    def hint(self, ticket: str = "1") -> None:
        """The helpdesk says "look at this ticket"; work."""
        found = self.desk.tickets[ticket]
        hint = HelpdeskHint(ticket=found.ref.ticket)
        message = hint_message("desk", hint, self.clock.now(), str(len(self.desk.calls)))
        self.runtime.queues.outbound.send([message])
        self.work()

    @property
    def ticket(self) -> Ticket:
        """The only ticket."""
        assert len(self.desk.tickets) == 1, f"{len(self.desk.tickets)} tickets"
        return next(iter(self.desk.tickets.values()))

    def dispositions(self) -> dict[str, str]:
        """Event key -> outcome, of the platform's account."""
        entries: list[LedgerEntry] = []
        for name in ("agora", "agora-dm"):
            account = AccountKey(platform=name, account=AccountId("brand"))
            entries += self.system.stores.ledger.recent(
                account, since=self.clock.now() - timedelta(days=60), limit=1000
            )
        return {item.key: item.disposition.outcome.value if item.disposition else "in hand" for item in entries}
