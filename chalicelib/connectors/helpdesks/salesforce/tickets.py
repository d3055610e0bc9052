"""Reading cases: what stands on them, where a merged one went on, what was looked for by its case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from chalicelib.connectors._salesforce import soql
from chalicelib.connectors._salesforce.access import Org
from chalicelib.connectors.helpdesks.salesforce import bodies, reading
from chalicelib.connectors.helpdesks.salesforce.reading import Entry, Shown
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.core.errors import NotFoundError
from chalicelib.core.ids import CaseId

MOST_MERGES = 5
_POSTS = soql.among(("TextPost", "ContentPost"))


class CaseReader:
    """The questions to Salesforce. Raises leaves of the error tree."""

    def __init__(self, org: Org, options: Mapping[str, str]) -> None:
        self._org = org
        self._options = options
        self._field = bodies.case_field(options)
        self._posts = bodies.option(options, "feed_posts").lower()

    def show(self, ticket: str) -> Shown:
        """A case, also a deleted one. NotFoundError when there is none."""
        if not soql.is_record(ticket, reading.CASE_PREFIX):
            raise NotFoundError("no id of a case")
        found = self._cases(f"Id = {soql.text(ticket)}")
        if not found:
            raise NotFoundError("there is no such case, or it is hidden from us")
        return found[0]

    def find_case(self, case: CaseId) -> str | None:
        """The case with our case id."""
        statement = f"SELECT Id FROM Case WHERE {self._field} = {soql.text(case)} ORDER BY CreatedDate, Id LIMIT 1"
        rows = self._org.query(statement)
        with readable():
            return next((reading.record_id(row) for row in rows), None)

    def path_from(self, shown: Shown) -> list[Shown]:
        """`shown` and the cases in which it went on."""
        found = [shown]
        while shown.master and len(found) <= MOST_MERGES and shown.master not in {item.id for item in found}:
            shown = self.show(shown.master)
            found.append(shown)
        return found

    def merged_into(self, ticket: str) -> list[Shown]:
        """The cases that went on in this one."""
        return self._cases(f"MasterRecordId = {soql.text(ticket)}")

    def _cases(self, condition: str) -> list[Shown]:
        fields = ", ".join((*reading.CASE, self._field))
        rows = self._org.query(f"SELECT {fields} FROM Case WHERE {condition}", deleted=True)
        with readable():
            return [reading.shown_case(row, self._field, self._options) for row in rows]

    def entries(self, tickets: Sequence[str], after: datetime | None = None) -> list[Entry]:
        """Comments, and posts where they are read, of some cases, oldest first."""
        since = f" AND CreatedDate > {soql.moment(after)}" if after else ""
        where = f"WHERE ParentId IN {soql.among(tickets)}{since}"
        order = "ORDER BY CreatedDate, Id"
        found = self._comments(f"SELECT {', '.join(reading.COMMENT)} FROM CaseComment {where} {order}")
        if self._posts in ("internal", "public"):
            statement = f"SELECT {', '.join(reading.POST)} FROM FeedItem {where} AND Type IN {_POSTS} {order}"
            rows, site = self._org.query(statement), self._org.site
            with readable():
                found += [reading.post(row, site, may_be_public=self._posts == "public") for row in rows]
        return reading.in_order(found)

    def comments(self, ticket: str, mark: str | None = None) -> list[Entry]:
        """The comments of a case; those that bear a mark of ours, where one is named."""
        marked = f" AND CommentBody LIKE '%{soql.like(f'[careloop {mark}')}%'" if mark else ""
        fields = ", ".join(reading.COMMENT)
        found = self._comments(f"SELECT {fields} FROM CaseComment WHERE ParentId = {soql.text(ticket)}{marked}")
        return [item for item in reading.in_order(found) if mark is None or item.mark == mark]

    def comment(self, key: str) -> Entry | None:
        """One comment."""
        fields = ", ".join(reading.COMMENT)
        return next(iter(self._comments(f"SELECT {fields} FROM CaseComment WHERE Id = {soql.text(key)}")), None)

    def _comments(self, statement: str) -> list[Entry]:
        rows = self._org.query(statement)
        with readable():
            return [reading.comment(row) for row in rows]

    def files(self, ticket: str, marked: str) -> list[str]:
        """The documents of ours on a case that bear a mark."""
        fields = "ContentDocumentId, ContentDocument.Description"
        rows = self._org.query(f"SELECT {fields} FROM ContentDocumentLink WHERE LinkedEntityId = {soql.text(ticket)}")
        with readable():
            return [
                reading.record_id(row, "ContentDocumentId")
                for row in rows
                if row.find_text("ContentDocument", "Description") == marked
            ]
