"""Reports of audits: sealed one behind the other by account, in one list by time; sign-offs beside them."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document, read
from chalicelib.core.errors import ConflictError, NotFoundError
from chalicelib.core.ids import AccountKey
from chalicelib.core.report import AuditReport, SignOff, sealed
from chalicelib.ports.table import Condition, ConditionFailed, Item, Put, Table

_RACES = 8
_PAGE = 100


class RecordReports:
    """Implements ports.stores.ReportStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put_report(self, report: AuditReport) -> AuditReport:
        place, head = keys.report(report.id), keys.last_report(report.account)
        for _ in range(_RACES):
            before = self._table.get([head]).get(head)
            made = sealed(report, str(before["seal"]) if before else "")
            follows = Condition(equals={"seal": before["seal"]}) if before else Condition(exists=False)
            last: Item = {"seal": made.seal, "report": made.id}
            try:
                self._table.write(
                    [
                        Put(key=place, item={"doc": document(made)}, condition=Condition(exists=False)),
                        Put(key=head, item=last, condition=follows),
                    ]
                )
            except ConditionFailed as failed:
                if failed.index == 0:
                    raise ConflictError("there is a report of that id") from None
                continue
            return made
        raise ConflictError("this account is being audited by others")

    def find_report(self, report_id: str) -> AuditReport | None:
        place = keys.report(report_id)
        stored = self._table.get([place]).get(place)
        return read(AuditReport, stored) if stored else None

    def last_report(self, account: AccountKey) -> AuditReport | None:
        head = keys.last_report(account)
        stored = self._table.get([head]).get(head)
        return self.find_report(str(stored["report"])) if stored else None

    def list_reports(self, *, limit: int = 100) -> Sequence[AuditReport]:
        rows = self._table.query(keys.REPORTS, newest_first=True, limit=limit)
        return [read(AuditReport, item) for _, item in rows]

    def sign_off(self, signed: SignOff) -> None:
        if self.find_report(signed.report) is None:
            raise NotFoundError(f"there is no report {signed.report}")
        self._table.write([Put(key=keys.sign_off(signed.report, signed.at, signed.by), item={"doc": document(signed)})])

    def sign_offs(self, report_id: str) -> Sequence[SignOff]:
        rows = self._table.query(keys.sign_offs(report_id), limit=_PAGE)
        return [read(SignOff, item) for _, item in rows]
