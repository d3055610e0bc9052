"""The stage's CloudFormation template: what it keeps, and what it says once its references are resolved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from careloop.deploying.cloud import Place
from chalicelib.core.errors import ConfigurationError

LARGEST = 51_200
"""Bytes of a template that is sent with the call; CloudFormation API reference, CreateChangeSet (November 2026)."""
KEPT = frozenset({"Retain", "RetainExceptOnCreate"})
_SHORT = {"Ref": "Ref", "Condition": "Condition"}


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, which is ten times as fast, where it was built in."""


class _Loader(_Base):  # type: ignore[misc]
    """YAML with CloudFormation's short forms."""


def _short_form(loader: Any, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {_SHORT.get(suffix, f"Fn::{suffix}"): value}


_Loader.add_multi_constructor("!", _short_form)


class Template:
    """A template that was read. ``text`` is as it stands in the file."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self.data: dict[str, Any] = yaml.load(text, Loader=_Loader)
        except yaml.YAMLError as error:
            raise ConfigurationError(f"the template is not YAML: {error}") from error

    @classmethod
    def read(cls, path: Path) -> Template:
        """From a file. Raises ConfigurationError."""
        if not path.exists():
            raise ConfigurationError(f"{path} is not here: run this in the project's folder")
        return cls(path.read_text(encoding="utf-8"))

    @property
    def parameters(self) -> dict[str, Any]:
        """Name -> declaration."""
        found: dict[str, Any] = self.data.get("Parameters", {})
        return found

    @property
    def body(self) -> str:
        """What is sent: the file, or the same in fewer bytes when it is too long. Raises ConfigurationError."""
        if len(self.text.encode("utf-8")) <= LARGEST:
            return self.text
        short = json.dumps(self.data, separators=(",", ":"))
        if len(short.encode("utf-8")) > LARGEST:
            raise ConfigurationError(f"the template is longer than {LARGEST} bytes, which CloudFormation does not take")
        return short

    def kept(self) -> Template:
        """Only what holds data: the resources that outlive a stage, and what they need."""
        resources = {name: item for name, item in self.data["Resources"].items() if item.get("DeletionPolicy") in KEPT}
        rest = _without(self.data, "Resources", "Outputs", "Conditions")
        return Template(json.dumps({**rest, "Resources": resources}))

    def resolved(self, parameters: Mapping[str, str], place: Place, key_arn: str) -> Resolved:
        """The resources with all references replaced. ``key_arn``: the stage's key, whose name AWS chose."""
        defaults = {name: item["Default"] for name, item in self.parameters.items() if "Default" in item}
        return Resolved(self, {**defaults, **parameters}, place, key_arn)


class Resolved:
    """A template's resources by their logical names, their properties free of references."""

    def __init__(self, template: Template, parameters: Mapping[str, Any], place: Place, key_arn: str) -> None:
        self._resources: dict[str, Any] = template.data["Resources"]
        self._conditions: dict[str, Any] = template.data.get("Conditions", {})
        self._place = place
        self._key_arn = key_arn
        self._values = {
            **parameters,
            "AWS::AccountId": place.account,
            "AWS::Region": place.region,
            "AWS::Partition": place.partition,
            "AWS::URLSuffix": place.dns_suffix,
        }

    def of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Logical name and properties of each resource of a type whose condition holds."""
        for name, item in self._resources.items():
            holds = "Condition" not in item or self._value(self._conditions[item["Condition"]])
            if item["Type"] == kind and holds:
                yield name, self._value(item.get("Properties", {}))

    def properties(self, name: str) -> dict[str, Any]:
        """One resource's properties."""
        found: dict[str, Any] = self._value(self._resources[name].get("Properties", {}))
        return found

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            known: Callable[[Any], Any] | None = {
                "Ref": self._ref,
                "Fn::Sub": self._sub,
                "Fn::GetAtt": lambda pair: self._attribute(*pair),
                "Fn::Equals": lambda pair: self._value(pair[0]) == self._value(pair[1]),
                "Fn::Not": lambda items: not self._value(items[0]),
            }.get(name)
            if known is not None:
                return known(argument)
            if name.startswith("Fn::"):
                raise ConfigurationError(f"the template uses {name}, which this command does not know")
        return {key: self._value(item) for key, item in value.items()}

    def _ref(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        return self._attribute(name, "Ref")

    def _sub(self, text: str) -> str:
        def one(found: re.Match[str]) -> str:
            resource, _, attribute = found.group(1).partition(".")
            return str(self._attribute(resource, attribute) if attribute else self._ref(resource))

        return re.sub(r"\$\{([^!}]+)\}", one, text)

    def _attribute(self, name: str, attribute: str) -> Any:
        kind = self._resources[name]["Type"]
        if kind == "AWS::KMS::Key":
            return self._key_arn if attribute == "Arn" else self._key_arn.rpartition("/")[2]
        given = self.properties(name)
        place = self._place
        match kind, attribute:
            case "AWS::DynamoDB::Table", "Ref":
                return given["TableName"]
            case "AWS::S3::Bucket", "Ref":
                return given["BucketName"]
            case "AWS::S3::Bucket", "Arn":
                return f"arn:{place.partition}:s3:::{given['BucketName']}"
            case "AWS::SQS::Queue", "QueueName":
                return given["QueueName"]
            case "AWS::SQS::Queue", "Arn":
                return place.arn("sqs", given["QueueName"])
            case "AWS::SNS::Topic", "Ref":
                return place.arn("sns", given["TopicName"])
        raise ConfigurationError(f"the template refers to {name}.{attribute}, which this command does not know")


def _without(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}
