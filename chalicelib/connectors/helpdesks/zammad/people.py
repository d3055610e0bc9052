"""Customers: each a Zammad user of their own, known by the login."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.connectors.helpdesks.zammad import bodies
from chalicelib.connectors.helpdesks.zammad.reading import number_of
from chalicelib.connectors.toolkit.api import ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.core.errors import ConflictError, NotFoundError, RejectedError
from chalicelib.core.ids import PersonId, PersonRef
from chalicelib.core.people import Author, Contact


class People:
    """Logins are unique without regard to case: whoever comes second is refused and finds what the first made."""

    def __init__(self, api: ApiClient, helpdesk: str, options: Mapping[str, str]) -> None:
        self._api = api
        self._helpdesk = helpdesk
        self._copies_email = options.get("copy_email", "").strip().lower() == "true"

    def ensure(self, author: Author, contact: Contact | None) -> PersonRef:
        """See `HelpdeskClient.ensure_person`. ConflictError: they are there, but the search does not know them yet."""
        email = contact.emails[0] if contact and contact.emails and self._copies_email else None
        try:
            return self._create(author, email)
        except RejectedError as refused:
            found = self._find(bodies.login(author.key))
            if found is not None:
                return found
            if email is None:
                raise ConflictError("the login is taken, but not to be found yet") from refused
        # somebody else has the address: it stays theirs
        return self.ensure(author, None)

    def _create(self, author: Author, email: str | None) -> PersonRef:
        answer = self._api.post("/users", bodies.person(author, email), idempotent=True)
        with readable():
            return self._person(number_of(answer.json))

    def _find(self, login: str) -> PersonRef | None:
        """By the index's own syntax, then as an installation without an index looks for it."""
        for query in (f'login:"{login}"', login):
            answer = self._api.get("/users/search", {"query": query, "limit": 10})
            with readable():
                for item in answer.json.items():
                    if (item.find_text("login") or "").lower() == login:
                        return self._person(number_of(item))
        return None

    def _person(self, user: str) -> PersonRef:
        return PersonRef(helpdesk=self._helpdesk, person=PersonId(user))

    def erase(self, person: PersonRef) -> str:
        """Take name, login, addresses and notes from the user. One that has tickets can't be deleted over the API."""
        try:
            self._api.call("PUT", f"/users/{segment(person.person)}", data=bodies.erased(person), idempotent=True)
        except NotFoundError:
            return f"Zammad has no user {person.person} any more; it still holds the words on tickets."
        return (
            f"User {person.person} was made anonymous; Zammad still holds the tickets with words, files and history: "
            "System, Data Privacy deletes user and tickets together."
        )
