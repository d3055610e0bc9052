"""Look-ups in Tryton: which parties have these mechanisms or codes, then everything about those parties.

Two calls for any number of clues. A mechanism's value is compared again here, by our own rules: the domain finds
candidates, equality decides.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from typing import Any

from chalicelib.connectors.toolkit.api import ApiClient
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import NotFoundError, PayloadError, UnavailableError
from chalicelib.core.ids import ContactId, ContactRef
from chalicelib.core.matching import contact_keys
from chalicelib.core.people import Clue, ClueKind, Clues, Contact, SocialHandle
from chalicelib.ports.crm import CrmContext

MOST = 100
"""Rows of one answer: more owners of one clue than this say nothing anyway."""
_FIELDS = ("type", "name", "value", "party")
_PARTY = ("name", "code", "lang.code")
_PHONES = ("phone", "mobile")
_TYPES = {
    ClueKind.EMAIL: ("email",),
    ClueKind.PHONE: _PHONES,
    ClueKind.HANDLE: ("other",),
    ClueKind.PLATFORM_ID: ("other",),
}


class Client:
    """See `CrmClient`."""

    def __init__(self, context: CrmContext) -> None:
        options = context.connection.options
        self._name = context.connection.name
        self._web = options.get("web_url", "").rstrip("/")
        self._suffix = options.get("id_suffix") or "_id"
        base = options.get("base_url", "")
        self._database = base.rstrip("/").rpartition("/")[2]
        self._api = ApiClient(
            context.http,
            context.clock,
            base,
            headers={"authorization": f"Bearer {context.credentials['key']}"},
        )

    def find_contacts(self, clues: Clues) -> Sequence[Contact]:
        """Every party that at least one clue names exactly, each once."""
        parties = {*self._by_mechanism(clues.items), *self._by_code(clues.items)}
        if not parties:
            return ()
        wanted = {clue.index_key for clue in clues.items}
        return [contact for contact in self._contacts(sorted(parties)) if wanted & contact_keys(contact)]

    def get_contact(self, ref: ContactRef) -> Contact:
        """By reference. Raises NotFoundError."""
        found = self._contacts([ref.contact]) if ref.contact.isascii() and ref.contact.isdigit() else []
        if not found:
            raise NotFoundError("no such party")
        return found[0]

    # -- questions -----------------------------------------------------------------------------------------------------

    def _by_mechanism(self, clues: Iterable[Clue]) -> set[str]:
        """Parties with a mechanism that may fit."""
        terms: list[Any] = []
        for clue in clues:
            if clue.kind in _TYPES:
                terms += [self._term(clue, value) for value in self._spellings(clue)]
        if not terms:
            return set()
        rows = self._ask("party.contact_mechanism", ["OR", *terms], ("party",))
        return {
            row.need("party").need_id("id") if isinstance(row.need("party").value, dict) else row.need_id("party")
            for row in rows
        }

    def _term(self, clue: Clue, value: str) -> list[Any]:
        term: list[Any] = [["type", "in", list(_TYPES[clue.kind])], ["value", "ilike", _literal(value)]]
        if clue.kind is ClueKind.HANDLE:
            term.append(["name", "ilike", _literal(clue.platform)])
        if clue.kind is ClueKind.PLATFORM_ID:
            term.append(["name", "ilike", _literal(clue.platform + self._suffix)])
        return term

    @staticmethod
    def _spellings(clue: Clue) -> tuple[str, ...]:
        """How people type it: handles with and without the @."""
        return (clue.value, f"@{clue.value}") if clue.kind is ClueKind.HANDLE else (clue.value,)

    def _by_code(self, clues: Iterable[Clue]) -> set[str]:
        codes = [clue.value for clue in clues if clue.kind is ClueKind.CUSTOMER_NUMBER]
        if not codes:
            return set()
        spelled = [item for code in codes for item in _code_spellings(code)]
        rows = self._ask("party.party", ["OR", *[["code", "ilike", _literal(item)] for item in spelled]], ("code",))
        return {row.need_id("id") for row in rows}

    def _contacts(self, parties: Sequence[str]) -> list[Contact]:
        ids = [int(item) for item in parties]
        people = self._ask("party.party", [["id", "in", ids]], _PARTY)
        mechanisms = self._ask("party.contact_mechanism", [["party", "in", ids]], _FIELDS)
        by_party: dict[str, list[Reader]] = {}
        for row in mechanisms:
            party = row.need("party")
            key = party.need_id("id") if isinstance(party.value, dict) else row.need_id("party")
            by_party.setdefault(key, []).append(row)
        return [self._contact(row, by_party.get(row.need_id("id"), [])) for row in people]

    def _ask(self, model: str, domain: list[Any], fields: Sequence[str]) -> list[Reader]:
        packed = base64.urlsafe_b64encode(json.dumps(domain).encode("utf-8")).decode("ascii")
        answer = self._api.get(f"/rest/model/{model}", {"d": packed, "f": list(fields), "s": MOST})
        try:
            return list(answer.json.items())
        except PayloadError as error:
            raise UnavailableError("Tryton's answer can't be read") from error

    # -- answers -------------------------------------------------------------------------------------------------------

    def _contact(self, party: Reader, mechanisms: Sequence[Reader]) -> Contact:
        number = party.need_id("id")
        code = party.find_text("code")
        values = [
            (row.find_text("type") or "", row.find_text("name") or "", row.find_text("value") or "")
            for row in mechanisms
        ]
        return Contact(
            ref=ContactRef(crm=self._name, contact=ContactId(number)),
            name=party.find_text("name") or code or number,
            emails=tuple(value for kind, _, value in values if kind == "email" and value),
            phones=tuple(value for kind, _, value in values if kind in _PHONES and value),
            social=tuple(
                self._social(name, value) for kind, name, value in values if kind == "other" and name and value
            ),
            customer_numbers=(code,) if code else (),
            language=party.find_text("lang.", "code") if party.has("lang.") else None,
            url=f"{self._web}/#{self._database}/model/party.party/{number}" if self._web else None,
        )

    def _social(self, name: str, value: str) -> SocialHandle:
        platform = name.strip().lower()
        if platform.endswith(self._suffix):
            return SocialHandle(platform=platform.removesuffix(self._suffix), user_id=value.strip())
        return SocialHandle(platform=platform, handle=value.strip())


def _literal(value: str) -> str:
    """`value` for ilike, with its wildcards taken literally."""
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _code_spellings(code: str) -> tuple[str, ...]:
    """A customer number is looked up without its punctuation; the code may be typed with a dash behind its letters."""
    head = code.rstrip("0123456789")
    return (code, f"{head}-{code[len(head) :]}") if head and head != code else (code,)
