"""An agent who works in django-helpdesk's pages: logs in, answers, notes, resolves, merges, attaches."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, Request, build_opener

from tests.e2e.servers.web import Api, UnexpectedAnswer

RESOLVED = 3
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskAgent:
    """One user with a browser's session; ``api`` only reads back what stands there."""

    site: str
    api: Api
    jar: CookieJar = field(default_factory=CookieJar)

    def log_in(self, name: str, password: str) -> None:
        """By the login page. ``UnexpectedAnswer`` when it does not let the agent in."""
        page = self._post("/login/", "/login/", {"username": name, "password": password, "next": "/tickets/"})
        if 'name="password"' in page:
            raise UnexpectedAnswer("the login page came back")

    # -- writing ------------------------------------------------------------------------------------------------------

    def reply(self, ticket: int, text: str, *, status: int | None = None, file: tuple[str, bytes] | None = None) -> int:
        """A public follow-up; returns its number."""
        return self._update(ticket, text, {"public": "1"}, status, file)

    def note(self, ticket: int, text: str) -> int:
        """A private follow-up; returns its number."""
        return self._update(ticket, text, {}, None, None)

    def resolve(self, ticket: int) -> None:
        """Without a word."""
        self._update(ticket, "", {}, RESOLVED, None)

    def merge(self, source: int, target: int) -> None:
        """By the page that merges; the target keeps its own values."""
        path = f"/tickets/merge?{urlencode([('tickets', source), ('tickets', target)])}"
        self._post(path, path, {"chosen_ticket": target})

    def _update(
        self, ticket: int, text: str, more: Mapping[str, str], status: int | None, file: tuple[str, bytes] | None
    ) -> int:
        shown = self.ticket(ticket)
        fields = {
            "comment": text,
            "title": shown["title"],
            "queue": shown["queue"],
            "priority": shown["priority"],
            "new_status": shown["status"] if status is None else status,
            **more,
        }
        self._post(f"/tickets/{ticket}/", f"/tickets/{ticket}/update/", fields, file)
        before = {item["id"] for item in shown["followup_set"]}
        made = [item["id"] for item in self.ticket(ticket)["followup_set"] if item["id"] not in before]
        if not made:
            raise UnexpectedAnswer(f"nothing was written on ticket {ticket}")
        return int(max(made))

    # -- reading ------------------------------------------------------------------------------------------------------

    def ticket(self, ticket: int) -> dict[str, Any]:
        """A ticket with its follow-ups."""
        found: dict[str, Any] = self.api.call("GET", f"/tickets/{ticket}/", expect=[200]).json()
        return found

    def tickets(self) -> list[dict[str, Any]]:
        """All of them."""
        found: list[dict[str, Any]] = self.api.call("GET", "/tickets/", query={"page_size": 1000}).json()["results"]
        return found

    def entries(self, ticket: int, *, public: bool) -> list[str]:
        """The texts of public or private follow-ups."""
        return [item["comment"] or "" for item in self.ticket(ticket)["followup_set"] if item["public"] is public]

    def page(self, path: str) -> str:
        """A page as the agent sees it."""
        return self._open(Request(self.site + path))

    def _post(self, form: str, path: str, fields: Mapping[str, Any], file: tuple[str, bytes] | None = None) -> str:
        token = _TOKEN.search(self.page(form))
        if token is None:
            raise UnexpectedAnswer(f"no form on {form}")
        sent = {**fields, "csrfmiddlewaretoken": token[1]}
        kind, body = _form(sent, file) if file else ("application/x-www-form-urlencoded", urlencode(sent).encode())
        return self._open(Request(self.site + path, body, {"Content-Type": kind, "Referer": self.site + form}))

    def _open(self, request: Request) -> str:
        opener: OpenerDirector = build_opener(ProxyHandler({}), HTTPCookieProcessor(self.jar))
        try:
            with opener.open(request, timeout=30) as answer:
                return str(answer.read().decode(errors="replace"))
        except HTTPError as error:
            with error:
                raise UnexpectedAnswer(f"{request.get_method()} {request.selector}: {error.code}") from None


def _form(fields: Mapping[str, Any], file: tuple[str, bytes]) -> tuple[str, bytes]:
    edge = uuid.uuid4().hex
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
    head = f'Content-Disposition: form-data; name="attachment"; filename="{file[0]}"\r\nContent-Type: image/png\r\n\r\n'
    sent = [part.encode() for part in parts] + [head.encode() + file[1]]
    body = b"".join(f"--{edge}\r\n".encode() + part + b"\r\n" for part in sent) + f"--{edge}--\r\n".encode()
    return f"multipart/form-data; boundary={edge}", body
