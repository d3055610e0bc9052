"""Chalice's record of what it deployed, made anew from what AWS has.

Chalice writes it at the end of a deploy: after one that failed half way, in a fresh checkout or on another machine it
is missing or behind. Without it Chalice makes a second API, with another address, and a mapping that AWS refuses; and
`chalice delete` deletes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from careloop.deploying.cloud import Cloud, Place
from careloop.deploying.mappings import EventSource
from careloop.deploying.project import API, SCHEDULED, Stage

Entry = dict[str, Any]
_GONE = ("ResourceNotFoundException", "NotFoundException", "NoSuchEntity")


class Record:
    """One stage's record. The format is Chalice's own (1.34, schema 2.0)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Entry]:
        """What stands in it; [] when it is missing or was not written to its end."""
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            return [item for item in data["resources"] if isinstance(item, dict)]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def mappings(self) -> dict[str, str]:
        """Function -> the event source mapping that Chalice knows."""
        suffix = "-sqs-event-source"
        return {
            str(item["name"]).removesuffix(suffix): str(item.get("event_uuid", ""))
            for item in self.read()
            if item.get("resource_type") == "sqs_event"
        }

    def api(self) -> str | None:
        """The API that Chalice knows."""
        found = [item.get("rest_api_id") for item in self.read() if item.get("resource_type") == "rest_api"]
        return found[0] if found else None

    def write(self, entries: list[Entry]) -> bool:
        """Replace what it says; True when that is news. What is not ours in it stays."""
        before = self.read()
        ours = {"iam_role", "lambda_function", "sqs_event", "cloudwatch_event", "rest_api"}
        merged = [*entries, *(item for item in before if item.get("resource_type") not in ours)]
        if before == merged:
            return False
        self.path.parent.mkdir(parents=True, exist_ok=True)
        data = {"resources": merged, "schema_version": "2.0", "backend": "api"}
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
        partial.replace(self.path)
        return True


class Deployed:
    """What Chalice has made of a stage, as AWS tells it."""

    def __init__(self, cloud: Cloud, stage: Stage, place: Place) -> None:
        self._cloud = cloud
        self._stage = stage
        self._place = place

    def entries(self, mappings: Mapping[str, EventSource], known_api: str | None) -> Iterator[Entry]:
        """In the order in which Chalice makes them: it deletes in the other."""
        functions = [item for item in self._stage.functions if item != API] + [API]
        for function in functions:
            yield from self._role(function)
            yield from self._function(function)
            if function in mappings:
                yield self._mapping(function, mappings[function])
            if function in SCHEDULED:
                yield from self._rule(function)
        apis = self.apis(known_api)
        if apis:
            yield self._api(apis[0])

    def apis(self, known: str | None = None) -> list[str]:
        """The APIs that call the stage's public function: the one that Chalice knows first, then those that have been
        published, oldest first. There should be one."""
        needle = f":function:{self._stage.function(API)}/invocations"
        found = []
        for item in self._cloud.each("apigateway", "get_rest_apis", "items"):
            if item.get("name") == self._stage.app and self._calls(str(item["id"]), needle):
                stages = self._cloud.call("apigateway", "get_stages", restApiId=item["id"]).get("item", ())
                found.append((item["id"] != known, not stages, str(item.get("createdDate", "")), str(item["id"])))
        return [identity for *_, identity in sorted(found)]

    def _calls(self, api: str, needle: str) -> bool:
        resources = self._cloud.each("apigateway", "get_resources", "items", restApiId=api, embed=["methods"])
        return any(
            needle in method.get("methodIntegration", {}).get("uri", "")
            for resource in resources
            for method in resource.get("resourceMethods", {}).values()
        )

    def _role(self, function: str) -> Iterator[Entry]:
        name = self._stage.role(function)
        found = self._cloud.call("iam", "get_role", missing=_GONE, RoleName=name)
        if found:
            entry = {"role_arn": found["Role"]["Arn"], "role_name": name}
            yield {"name": f"{function}_role", "resource_type": "iam_role", **entry}

    def _function(self, function: str) -> Iterator[Entry]:
        name = self._stage.function(function)
        found = self._cloud.call("lambda", "get_function_configuration", missing=_GONE, FunctionName=name)
        if found:
            yield {"name": function, "resource_type": "lambda_function", "lambda_arn": found["FunctionArn"]}

    def _mapping(self, function: str, mapping: EventSource) -> Entry:
        return {
            "name": f"{function}-sqs-event-source",
            "resource_type": "sqs_event",
            "queue_arn": mapping.queue_arn,
            "event_uuid": mapping.id,
            "queue": mapping.queue_arn.rpartition(":")[2],
            "lambda_arn": mapping.function_arn,
        }

    def _rule(self, function: str) -> Iterator[Entry]:
        name = self._stage.rule(function)
        if self._cloud.call("events", "describe_rule", missing=_GONE, Name=name):
            yield {"name": f"{function}-event", "resource_type": "cloudwatch_event", "rule_name": name}

    def _api(self, identity: str) -> Entry:
        host = f"{identity}.execute-api.{self._place.region}.{self._place.dns_suffix}"
        address = f"https://{host}/{self._stage.api_path}/"
        return {"name": "rest_api", "resource_type": "rest_api", "rest_api_id": identity, "rest_api_url": address}
