"""Reading tickets: who said what since when, what became of an attempt, and where a merged ticket went on."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.connectors.helpdesks.zendesk import reading
from chalicelib.connectors.helpdesks.zendesk.reading import Shown, Talk
from chalicelib.connectors.toolkit.api import ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.ids import CommentId

PAGE = 100
"""Records on a page, at most (developer.zendesk.com, ticket comments, 2026-08)."""
MOST_COMMENT_PAGES = 50
"""A ticket holds 5000 comments."""
MOST_AUDIT_PAGES = 30


class TicketReader:
    """The questions about one ticket. Raises leaves of the error tree; NotFoundError when the ticket is gone."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def show(self, ticket: str) -> Shown:
        """The ticket, with the time of its last change of status."""
        answer = self._api.get(f"/tickets/{segment(ticket)}", {"include": "metric_sets"})
        with readable():
            return reading.shown_ticket(answer.json.need("ticket"))

    def talk(self, ticket: str, after: int, pages: int = MOST_COMMENT_PAGES) -> Talk:
        """The newest comments, page by page back to the comment `after`; one page at least."""
        found = Talk()
        for page in self._pages(ticket, "comments", {"sort": "-created_at", "include": "users"}, pages):
            with readable():
                found += reading.talk_page(page)
            if found.oldest <= after:
                break
        return found

    def find_mark(self, ticket: str, mark: str) -> CommentId | None:
        """The comment of the update that carries `mark`.

        Comments show their update's metadata; should none on this ticket do so, the audits are asked, which do.
        """
        talk = self.talk(ticket, after=0)
        for entry in talk.entries:
            if entry.mark == mark:
                return entry.key
        if any(entry.mark for entry in talk.entries):
            return None
        for page in self._pages(ticket, "audits", {}, MOST_AUDIT_PAGES):
            with readable():
                found = reading.marked_comment(page, mark)
            if found is not None:
                return found
        return None

    def survivor(self, ticket: str, talk: Talk) -> str | None:
        """The ticket that a merged one went on in: by its comments, its audits, and in the end by the merge's words."""
        named = next((entry.merged_into for entry in talk.entries if entry.merged_into), None)
        if named is None:
            for page in self._pages(ticket, "audits", {}, MOST_AUDIT_PAGES):
                with readable():
                    named = reading.audit_survivor(page) or named
        named = named or reading.survivor_by_words(talk)
        return named if named != ticket else None

    def _pages(self, ticket: str, what: str, params: dict[str, str], most: int) -> Iterator[Reader]:
        after: str | None = None
        for _ in range(most):
            answer = self._api.get(
                f"/tickets/{segment(ticket)}/{what}", {**params, "page[size]": PAGE, "page[after]": after}
            )
            with readable():
                page = answer.json
                page.need(what)
            yield page
            after = reading.next_page(page)
            if after is None:
                return
