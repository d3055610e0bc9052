"""The Salesforce twin's API: tokens, records, upserts, composites, SOQL, describe, files."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from careloop.twins.base import Handler, Twin, TwinRequest, TwinResponse, reply_json
from careloop.twins.salesforce_world import FIELDS, UNIQUE, Data, Refused, SalesforceWorld
from chalicelib.ports.services import Clock

ROOT = "/services/data/v62.0"
PAGE = 2000
LASTS = timedelta(hours=2)
_SEARCH = re.compile(
    r"FIND \{(?P<terms>[0-9 OR]+)\} IN PHONE FIELDS RETURNING Contact\((?P<fields>[\w., ]+?) LIMIT (?P<limit>\d+)\)"
)
ORG = "00DKi0000000001MAA"


class SalesforceApi(Twin):
    """One app with the client credentials flow. A token ends two hours after its last use. ``quota``: calls a day."""

    name = "salesforce"

    def __init__(self, clock: Clock, *, client_id: str, client_secret: str) -> None:
        self.world = SalesforceWorld(clock)
        self.client_id, self.client_secret = client_id, client_secret
        self.quota, self.used = 100_000, 0
        self.tokens: dict[str, str] = {}
        self.cursors: dict[str, list[Data]] = {}
        super().__init__()

    def routes(self) -> dict[tuple[str, str], Handler]:
        entity = "/sobjects/([A-Za-z]+)"
        made: dict[tuple[str, str], Callable[[TwinRequest], Any]] = {
            ("GET", "/query"): lambda request: self._query(request, deleted=False),
            ("GET", "/queryAll"): lambda request: self._query(request, deleted=True),
            ("GET", "/query/([0-9a-z-]+)"): self._page,
            ("GET", "/search"): self._search,
            ("GET", f"{entity}/describe"): self._describe,
            ("POST", entity): lambda request: self._create(request.args[0], request.json),
            ("GET", "/sobjects/ContentVersion/([A-Za-z0-9]+)/VersionData"): self._file,
            ("GET", f"{entity}/([A-Za-z0-9]+)"): self._get,
            ("PATCH", f"{entity}/([A-Za-z0-9]+)"): lambda request: self._change(request.args, request.json),
            ("DELETE", f"{entity}/([A-Za-z0-9]+)"): self._delete,
            ("GET", f"{entity}/([A-Za-z_0-9]+)/([^/]+)"): self._get_by,
            ("PATCH", f"{entity}/([A-Za-z_0-9]+)/([^/]+)"): lambda request: self._upsert(request.args, request.json),
            ("POST", "/composite"): self._composite,
        }
        guarded = {(method, ROOT + path): self._guarded(handler) for (method, path), handler in made.items()}
        return {**guarded, ("POST", "/services/oauth2/token"): self._token}

    def not_found(self, request: TwinRequest) -> TwinResponse:
        return _refusal(Refused(404, "NOT_FOUND", "The requested resource does not exist"))

    # -- access --------------------------------------------------------------------------------------------------------

    def _token(self, request: TwinRequest) -> TwinResponse:
        form = request.form
        if form.get("grant_type") != "client_credentials":
            return reply_json({"error": "unsupported_grant_type", "error_description": "grant type not supported"}, 400)
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return reply_json({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)
        token = f"{ORG[:15]}!AQEAQ{len(self.tokens):06d}"
        self.tokens[token] = self.world.clock.now().isoformat()
        return reply_json(
            {
                "access_token": token,
                "signature": "c2lnbmF0dXJl",
                "scope": "api",
                "instance_url": "",
                "id": f"https://login.salesforce.com/id/{ORG}/{self.world.own}",
                "token_type": "Bearer",
                "issued_at": str(int(self.world.clock.now().timestamp() * 1000)),
            }
        )

    def _guarded(self, handler: Callable[[TwinRequest], Any]) -> Handler:
        def answer(request: TwinRequest) -> TwinResponse:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            now = self.world.clock.now()
            if token not in self.tokens or now - datetime.fromisoformat(self.tokens[token]) > LASTS:
                return _refusal(Refused(401, "INVALID_SESSION_ID", "Session expired or invalid"))
            self.tokens[token] = now.isoformat()
            self.used += 1
            if self.used > self.quota:
                return _refusal(Refused(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))
            try:
                result = handler(request)
            except Refused as refused:
                return _refusal(refused)
            made = result if isinstance(result, TwinResponse) else reply_json(result)
            told = {"sforce-limit-info": f"api-usage={self.used}/{self.quota}"}
            return TwinResponse(status=made.status, body=made.body, headers={**made.headers, **told})

        return answer

    # -- records -------------------------------------------------------------------------------------------------------

    def _create(self, entity: str, given: Mapping[str, Any]) -> TwinResponse:
        self.world.table(entity)
        made = self.world.add(entity, given, self.world.own)
        self.noticed(entity, made)
        return reply_json({"id": made["Id"], "success": True, "errors": []}, 201)

    def noticed(self, entity: str, record: Data) -> None:
        """A record was made; flows may look."""

    def _change(self, args: Sequence[str], given: Mapping[str, Any]) -> TwinResponse:
        entity, key = args
        self.world.change(entity, self.world.record(entity, key), given)
        return TwinResponse(status=204)

    def _upsert(self, args: Sequence[str], given: Mapping[str, Any]) -> TwinResponse:
        entity, field, value = args
        found = self.world.by_external_id(entity, field, value)
        if found is None:
            found = self.world.add(entity, {**given, field: value}, self.world.own)
            return reply_json({"id": found["Id"], "success": True, "errors": [], "created": True}, 201)
        self.world.change(entity, found, given)
        return reply_json({"id": found["Id"], "success": True, "errors": [], "created": False})

    def _get(self, request: TwinRequest) -> Data:
        return self._shown(request, self.world.record(*request.args))

    def _get_by(self, request: TwinRequest) -> Data:
        found = self.world.by_external_id(*request.args)
        if found is None:
            raise Refused(404, "NOT_FOUND", "The requested resource does not exist")
        return self._shown(request, found)

    def _shown(self, request: TwinRequest, record: Data) -> Data:
        wanted = [item for item in request.query.get("fields", "").split(",") if item]
        entity = request.args[0]
        strangers = [item for item in wanted if item not in record]
        if strangers:
            raise Refused(400, "INVALID_FIELD", f"No such column '{strangers[0]}' on entity '{entity}'")
        return {"attributes": {"type": entity}, **{name: record[name] for name in wanted or record}}

    def _delete(self, request: TwinRequest) -> TwinResponse:
        self.world.delete(self.world.record(*request.args))
        return TwinResponse(status=204)

    def _describe(self, request: TwinRequest) -> Data:
        entity = request.args[0]
        self.world.table(entity)
        unique = UNIQUE.get(entity, ())
        shown = [{"name": name, "externalId": name in unique, "unique": name in unique} for name in FIELDS[entity]]
        return {"name": entity, "fields": [{"name": "Id", "externalId": False, "unique": False}, *shown]}

    def _file(self, request: TwinRequest) -> TwinResponse:
        content = self.world.content(request.args[0])
        return TwinResponse(body=content, headers={"content-type": "application/octet-stream"})

    # -- queries -------------------------------------------------------------------------------------------------------

    def _query(self, request: TwinRequest, *, deleted: bool) -> Data:
        return self._first(self.world.query(request.query.get("q", ""), deleted=deleted))

    def _search(self, request: TwinRequest) -> Data:
        """SOSL over contacts' phone fields: digits alone count."""
        found = _SEARCH.fullmatch(request.query.get("q", ""))
        if found is None:
            raise Refused(400, "MALFORMED_SEARCH", "unexpected token")
        terms = set(found["terms"].split(" OR "))
        rows = self.world.query(f"SELECT {found['fields']} FROM Contact LIMIT {found['limit']}", deleted=False)
        return {"searchRecords": [row for row in rows if terms & {_digits(row["Phone"]), _digits(row["MobilePhone"])}]}

    def _page(self, request: TwinRequest) -> Data:
        rows = self.cursors.pop(request.args[0], None)
        if rows is None:
            raise Refused(404, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._first(rows)

    def _first(self, rows: list[Data]) -> Data:
        answer: Data = {"totalSize": len(rows), "done": len(rows) <= PAGE, "records": rows[:PAGE]}
        if not answer["done"]:
            locator = f"01gki{len(self.cursors):09d}-{PAGE}"
            self.cursors[locator] = rows[PAGE:]
            answer["nextRecordsUrl"] = f"{ROOT}/query/{locator}"
        return answer

    # -- composites ----------------------------------------------------------------------------------------------------

    def _composite(self, request: TwinRequest) -> Data:
        """All parts or none, as ``allOrNone`` has it."""
        before = copy.deepcopy(self.world.data)
        done: list[Data] = []
        ids: dict[str, str] = {}
        for part in request.json["compositeRequest"]:
            body = {name: _resolved(value, ids) for name, value in part["body"].items()}
            try:
                made = self._part(part["method"], part["url"].removeprefix(ROOT), body)
            except Refused as refused:
                self.world.data = before
                return {"compositeResponse": _halted(request.json["compositeRequest"], part, refused)}
            ids[part["referenceId"]] = str((made or {}).get("id", ""))
            done.append(
                {
                    "body": made,
                    "httpHeaders": {},
                    "httpStatusCode": 201 if made else 204,
                    "referenceId": part["referenceId"],
                }
            )
        return {"compositeResponse": done}

    def _part(self, method: str, path: str, body: Data) -> Any:
        parts = path.split("/")[2:]
        if method == "POST":
            made = self._create(parts[0], body)
        elif len(parts) == 3:
            made = self._upsert(parts[:3], body)
        else:
            made = self._change(parts[:2], body)
        return TwinRequest(method="", path="", query={}, headers={}, body=made.body).json or None


def _digits(value: Any) -> str:
    return "".join(char for char in str(value or "") if char.isdigit())


def _resolved(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, str) and value.startswith("@{") and value.endswith(".id}"):
        return ids[value[2:-4]]
    return value


def _halted(parts: list[Data], refused_part: Data, refused: Refused) -> list[Data]:
    found = []
    for part in parts:
        halted = part is not refused_part
        code = "PROCESSING_HALTED" if halted else refused.code
        words = "The transaction was rolled back since another operation in the same transaction failed."
        body = [{"errorCode": code, "message": words if halted else refused.message}]
        found.append({"body": body, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": part["referenceId"]})
    return found


def _refusal(refused: Refused) -> TwinResponse:
    return reply_json([{"message": refused.message, "errorCode": refused.code}], refused.status)
