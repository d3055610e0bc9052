"""A CRM's contacts by exact keys, as matching reads them: from the contact index, or asked for in the CRM itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.core.errors import CareloopError, NotFoundError
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching.types import KeyRow, Reads
from chalicelib.core.people import Clue, ClueKind, Clues, Contact
from chalicelib.pipeline.mirror import is_mirrored
from chalicelib.ports.crm import CrmClient
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.stores import ContactIndex

_TOLD = frozenset({ClueKind.EMAIL.value, ClueKind.PHONE.value, ClueKind.CUSTOMER_NUMBER.value})
_OF_PLATFORM = frozenset({ClueKind.PLATFORM_ID, ClueKind.HANDLE})


class CrmSilent(Exception):
    """A CRM could not be asked; ``error`` says why."""

    def __init__(self, crm: str, error: CareloopError) -> None:
        super().__init__(crm)
        self.crm = crm
        self.error = error


def reads_of(runtime: Runtime, crm: str) -> Reads:
    """The way to read one CRM's contacts. Raises leaves."""
    capabilities = runtime.connectors.crm_spec(crm).capabilities
    if not is_mirrored(runtime, crm):
        return LiveReads(runtime.connectors.crm(crm), crm, capabilities.finds_by)
    index = IndexReads(runtime.stores.contacts, crm)
    if capabilities.in_index:
        return index
    return MirrorReads(index, LiveReads(runtime.connectors.crm(crm), crm, capabilities.finds_by & _TOLD))


def find_contact(runtime: Runtime, ref: ContactRef) -> Contact | None:
    """A contact as its CRM has it now, or None when there is none. Raises CrmSilent; leaves where the state fails."""
    if runtime.connectors.crm_spec(ref.crm).capabilities.in_index:
        return runtime.stores.contacts.find_contact(ref)
    try:
        return runtime.connectors.crm(ref.crm).get_contact(ref)
    except NotFoundError:
        return None
    except CareloopError as error:
        raise CrmSilent(ref.crm, error) from error


def contacts_by_number(runtime: Runtime, crm: str, number: str) -> Sequence[Contact]:
    """The contacts that have this customer number. Raises as `find_contact`."""
    from chalicelib.core.matching import normalise_number

    value = normalise_number(number)
    if value is None:
        return ()
    clues = Clues(items=(Clue(kind=ClueKind.CUSTOMER_NUMBER, value=value, source="note"),))
    capabilities = runtime.connectors.crm_spec(crm).capabilities
    if ClueKind.CUSTOMER_NUMBER.value not in capabilities.finds_by:
        return ()
    try:
        found = runtime.connectors.crm(crm).find_contacts(clues)
    except CareloopError as error:
        if capabilities.in_index:
            raise
        raise CrmSilent(crm, error) from error
    return [item for item in found if value in {normalise_number(each) for each in item.customer_numbers}]


def parse_key(key: str) -> Clue | None:
    """An index key as the clue that it is made of; None for kinds that only the index knows (names, companies)."""
    name, _, rest = key.partition(":")
    try:
        kind = ClueKind(name)
    except ValueError:
        return None
    if kind not in _OF_PLATFORM:
        return Clue(kind=kind, value=rest)
    platform, _, value = rest.partition(":")
    return Clue(kind=kind, value=value, platform=platform) if platform and value else None


class IndexReads:
    """The mirror, or the built-in directory."""

    def __init__(self, contacts: ContactIndex, crm: str) -> None:
        self._contacts = contacts
        self._crm = crm

    def read_keys(self, keys: Sequence[str]) -> Mapping[str, KeyRow]:
        return self._contacts.read_keys(self._crm, keys) if keys else {}

    def read_contacts(self, contacts: Sequence[ContactId]) -> Sequence[Contact]:
        return self._contacts.read_contacts(self._crm, contacts) if contacts else ()


class MirrorReads:
    """The mirror, which is some minutes behind: what somebody tells of themselves and the mirror does not know, the CRM
    is asked for. Strangers who tell nothing cost no call."""

    def __init__(self, index: IndexReads, live: LiveReads) -> None:
        self._index, self._live = index, live
        self._asked: set[ContactId] = set()

    def read_keys(self, keys: Sequence[str]) -> Mapping[str, KeyRow]:
        rows = self._index.read_keys(keys)
        newer = self._live.read_keys([key for key in keys if key not in rows])
        self._asked |= {contact for row in newer.values() for contact in row.contacts}
        return {**rows, **newer}

    def read_contacts(self, contacts: Sequence[ContactId]) -> Sequence[Contact]:
        known = self._index.read_contacts([item for item in contacts if item not in self._asked])
        return [*known, *self._live.read_contacts([item for item in contacts if item in self._asked])]


class LiveReads:
    """The CRM itself: exact keys only, so that nobody is found by name. What was found is not asked for again."""

    def __init__(self, client: CrmClient, crm: str, finds_by: frozenset[str]) -> None:
        self._client = client
        self._crm = crm
        self._finds_by = finds_by
        self._found: dict[ContactId, Contact] = {}

    def read_keys(self, keys: Sequence[str]) -> Mapping[str, KeyRow]:
        from chalicelib.core.matching import contact_keys

        parsed = (parse_key(key) for key in dict.fromkeys(keys))
        clues = tuple(clue for clue in parsed if clue is not None and clue.kind.value in self._finds_by)
        if not clues:
            return {}
        holders: dict[str, list[ContactId]] = {}
        for contact in self._client.find_contacts(Clues(items=clues)):
            self._found[contact.ref.contact] = contact
            held = contact_keys(contact)
            for clue in clues:
                if clue.index_key in held:
                    holders.setdefault(clue.index_key, []).append(contact.ref.contact)
        return {key: KeyRow(contacts=tuple(ids), count=len(ids)) for key, ids in holders.items()}

    def read_contacts(self, contacts: Sequence[ContactId]) -> Sequence[Contact]:
        return [found for item in dict.fromkeys(contacts) if (found := self._contact(item)) is not None]

    def _contact(self, contact: ContactId) -> Contact | None:
        if contact not in self._found:
            try:
                self._found[contact] = self._client.get_contact(ContactRef(crm=self._crm, contact=contact))
            except NotFoundError:
                return None
        return self._found[contact]
