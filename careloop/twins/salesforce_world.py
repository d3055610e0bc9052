"""The Salesforce twin's world: records of a few objects, and Salesforce's rules about them. No HTTP in here.

Everything is plain data, so that a world can be dumped, loaded and shown. Rules by Salesforce's documentation (2026).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from careloop.twins import salesforce_soql as soql
from chalicelib.ports.services import Clock

Data = dict[str, Any]

PREFIXES = {
    "User": "005",
    "Account": "001",
    "Contact": "003",
    "Case": "500",
    "CaseComment": "00a",
    "FeedItem": "0D5",
    "ContentVersion": "068",
    "ContentDocument": "069",
    "ContentDocumentLink": "06A",
    "Task": "00T",
}
FIELDS: Mapping[str, tuple[str, ...]] = {
    "User": ("Name", "UserType"),
    "Account": ("Name",),
    "Contact": (
        *("FirstName", "LastName", "Name", "Email", "Phone", "MobilePhone", "Description", "MailingCity"),
        *("MailingCountry", "HasOptedOutOfEmail", "AccountId", "Careloop_Author__c", "Customer_Number__c"),
        *("Facebook_Id__c", "Facebook__c", "X_Id__c", "X__c", "Social_Complaint_Open__c", "MasterRecordId"),
    ),
    "Case": (
        *("Subject", "Description", "Status", "IsClosed", "ClosedDate", "Priority", "Origin", "ContactId", "OwnerId"),
        *("ParentId", "RecordTypeId", "MasterRecordId", "Careloop_Case__c"),
    ),
    "CaseComment": ("ParentId", "CommentBody", "IsPublished"),
    "FeedItem": ("ParentId", "Body", "Type", "Visibility", "IsRichText", "RelatedRecordId", "Title"),
    "ContentVersion": (
        "Title",
        "PathOnClient",
        "Description",
        "VersionData",
        "FirstPublishLocationId",
        "ContentDocumentId",
    ),
    "ContentDocument": ("Title", "Description"),
    "ContentDocumentLink": ("ContentDocumentId", "LinkedEntityId"),
    "Task": ("WhoId", "WhatId", "Subject", "Status", "Description", "ActivityDate"),
}
SYSTEM = ("Id", "CreatedById", "CreatedDate", "LastModifiedDate", "SystemModstamp", "IsDeleted")
UNIQUE = {
    "Case": ("Careloop_Case__c",),
    "Contact": ("Careloop_Author__c",),
}
PARENTS = {
    "CreatedBy": ("CreatedById", "User"),
    "Parent": ("ParentId", "Case"),
    "ContentDocument": ("ContentDocumentId", "ContentDocument"),
    "Account": ("AccountId", "Account"),
}
CLOSED = ("Closed",)
MOST_COMMENT = 4000
MOST_SUBJECT = 255


class Refused(Exception):
    """Salesforce says no: its status and the error's code."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message or code


class SalesforceWorld:
    """One org."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.data: Data = {"records": {name: {} for name in PREFIXES}, "next": 1}
        self.own = self.add("User", {"Name": "Careloop Integration", "UserType": "Standard"}, "")["Id"]
        self.agent = self.add("User", {"Name": "Ana Agent", "UserType": "Standard"}, "")["Id"]
        self.portal = self.add("User", {"Name": "Kim Lee", "UserType": "CspLitePortal"}, "")["Id"]

    def now(self) -> str:
        """As Salesforce answers times."""
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.") + f"{self.clock.now().microsecond // 1000:03d}+0000"

    def table(self, entity: str) -> dict[str, Data]:
        """Refused: 404."""
        if entity not in PREFIXES:
            raise Refused(404, "NOT_FOUND", "The requested resource does not exist")
        found: dict[str, Data] = self.data["records"][entity]
        return found

    def record(self, entity: str, key: str) -> Data:
        """The living record. Refused: 404."""
        found = self.table(entity).get(key)
        if found is None or found["IsDeleted"]:
            raise Refused(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible")
        return found

    def by_external_id(self, entity: str, field: str, value: str) -> Data | None:
        """Refused: 400 where the field is no external id."""
        if field not in UNIQUE.get(entity, ()) and not field.endswith("_Id__c"):
            raise Refused(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible")
        for item in self.table(entity).values():
            if not item["IsDeleted"] and str(item.get(field) or "").casefold() == value.casefold():
                return item
        return None

    # -- writing -------------------------------------------------------------------------------------------------------

    def add(self, entity: str, given: Mapping[str, Any], actor: str) -> Data:
        """A new record. Refused: 400."""
        self._check(entity, given, None)
        self._check_new(entity, given)
        number = self.data["next"]
        self.data["next"] += 1
        made: Data = dict.fromkeys(FIELDS[entity])
        made |= {"Id": f"{PREFIXES[entity]}Ki{number:010d}IAK", "CreatedById": actor, "IsDeleted": False}
        made |= {name: self.now() for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp")}
        made |= _DEFAULTS.get(entity, {})
        self.table(entity)[made["Id"]] = made
        self._set(entity, made, given)
        if entity == "ContentVersion":
            self._publish(made, actor)
        return made

    def change(self, entity: str, record: Data, given: Mapping[str, Any]) -> None:
        """Refused: 400."""
        self._check(entity, given, record)
        self._set(entity, record, given)
        record["LastModifiedDate"] = record["SystemModstamp"] = self.now()

    def delete(self, record: Data) -> None:
        """Into the recycle bin."""
        record.update(IsDeleted=True, SystemModstamp=self.now())

    def _set(self, entity: str, record: Data, given: Mapping[str, Any]) -> None:
        record.update(given)
        if entity == "Case":
            closed = record["Status"] in CLOSED
            record["ClosedDate"] = (record["ClosedDate"] or self.now()) if closed else None
            record["IsClosed"] = closed
        if entity == "Contact":
            record["Name"] = " ".join(filter(None, (record["FirstName"], record["LastName"])))

    def _check(self, entity: str, given: Mapping[str, Any], record: Data | None) -> None:
        strangers = sorted(set(given) - set(FIELDS[entity]))
        if strangers:
            raise Refused(400, "INVALID_FIELD", f"No such column '{strangers[0]}' on sobject of type {entity}")
        if (
            len(str(given.get("CommentBody") or "").encode()) > MOST_COMMENT
            or len(given.get("Subject") or "") > MOST_SUBJECT
        ):
            raise Refused(400, "STRING_TOO_LONG", "data value too large")
        for field in UNIQUE.get(entity, ()):
            other = self.by_external_id(entity, field, str(given[field])) if given.get(field) else None
            if other is not None and other is not record:
                raise Refused(400, "DUPLICATE_VALUE", f"duplicate value found: {field}")

    def _check_new(self, entity: str, given: Mapping[str, Any]) -> None:
        needed = {"Contact": "LastName", "CaseComment": "ParentId", "ContentVersion": "PathOnClient"}.get(entity)
        if needed and not given.get(needed):
            raise Refused(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{needed}]")
        for field, parent in (("ParentId", "Case"), ("ContactId", "Contact"), ("WhoId", "Contact")):
            key = given.get(field)
            if key and entity != "FeedItem":
                found = self.table(parent).get(str(key))
                if found is None or found["IsDeleted"]:
                    code = "INVALID_CROSS_REFERENCE_KEY" if found is None else "ENTITY_IS_DELETED"
                    raise Refused(400, code, "invalid cross reference id")

    def _publish(self, version: Data, actor: str) -> None:
        words = {"Title": version["Title"], "Description": version["Description"]}
        document = self.add("ContentDocument", words, actor)
        version["ContentDocumentId"] = document["Id"]
        place = version["FirstPublishLocationId"]
        if place:
            self.add("ContentDocumentLink", {"ContentDocumentId": document["Id"], "LinkedEntityId": place}, actor)

    def merge_contacts(self, loser: Data, winner: Data) -> None:
        """The loser goes to the recycle bin and names the winner."""
        loser.update(MasterRecordId=winner["Id"], IsDeleted=True, SystemModstamp=self.now())

    def merge(self, source: Data, target: Data, *, keep: bool = False) -> None:
        """Comments, posts and files go to the master; the other case is deleted, or kept and closed."""
        for entity, field in (
            ("CaseComment", "ParentId"),
            ("FeedItem", "ParentId"),
            ("ContentDocumentLink", "LinkedEntityId"),
        ):
            for item in self.table(entity).values():
                if item[field] == source["Id"]:
                    item.update({field: target["Id"], "SystemModstamp": self.now()})
        source.update(MasterRecordId=target["Id"], IsDeleted=not keep, SystemModstamp=self.now())
        target["SystemModstamp"] = self.now()

    # -- reading -------------------------------------------------------------------------------------------------------

    def query(self, statement: str, *, deleted: bool) -> list[Data]:
        """Rows as the API answers them. Refused: 400."""
        try:
            wanted = soql.read(statement)
        except soql.Malformed as wrong:
            raise Refused(400, "MALFORMED_QUERY", str(wrong)) from None
        if wanted.entity not in PREFIXES:
            raise Refused(400, "INVALID_TYPE", f"sObject type '{wanted.entity}' is not supported")
        for name in wanted.names:
            self._check_name(wanted.entity, name)
        found = [
            item
            for item in self.table(wanted.entity).values()
            if (deleted or not item["IsDeleted"]) and wanted.test(lambda name, item=item: self._look(item, name))  # type: ignore[misc]
        ]
        found.sort(key=lambda item: [str(self._look(item, name) or "") for name in wanted.order])
        return [self._row(wanted, item) for item in found[: wanted.limit]]

    def _check_name(self, entity: str, name: str) -> None:
        if "." in name:
            relation, _, name = name.partition(".")
            entity = PARENTS[relation][1] if relation in PARENTS else ""
        if name not in SYSTEM and name not in FIELDS.get(entity, ()):
            raise Refused(400, "INVALID_FIELD", f"No such column '{name}' on entity '{entity}'")

    def _look(self, record: Data, name: str) -> Any:
        if "." in name:
            relation, _, name = name.partition(".")
            field, entity = PARENTS[relation]
            record = self.table(entity).get(record.get(field) or "", {})
        value = record.get(name)
        return value[:-5] + "Z" if isinstance(value, str) and value.endswith("+0000") else value

    def _row(self, wanted: soql.Statement, record: Data) -> Data:
        row: Data = {"attributes": {"type": wanted.entity, "url": f"/sobjects/{wanted.entity}/{record['Id']}"}}
        for name in wanted.fields:
            relation, _, below = name.partition(".")
            if below:
                row.setdefault(relation, {"attributes": {}})[below] = self._look(record, name)
            else:
                row[name] = record.get(name)
        return row

    def content(self, version: str) -> bytes:
        """A file's bytes. Refused: 404."""
        return base64.b64decode(self.record("ContentVersion", version)["VersionData"])


_DEFAULTS: Mapping[str, Data] = {
    "Case": {"Status": "New", "Priority": "Medium", "IsClosed": False},
    "CaseComment": {"IsPublished": False},
    "FeedItem": {"Type": "TextPost", "Visibility": "AllUsers", "IsRichText": False},
    "Contact": {"HasOptedOutOfEmail": False, "Social_Complaint_Open__c": False},
}
