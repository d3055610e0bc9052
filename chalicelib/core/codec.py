"""Core types to JSON and back, by reflection over dataclasses: what goes through queues and into stores.

Every dataclass is an object whose fields that equal their default are left out; a union member carries its class name
under ``"type"``; bytes (files' contents, in cases: queues and stores never hold them) are base64. Reading tolerates
unknown fields (a newer writer) and refuses missing or wrong ones with a `PayloadError` that names the path.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import json
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Union, cast

from chalicelib.core.errors import PayloadError

Encoder = Callable[[Any], Any]
Decoder = Callable[[Any, str], Any]

_PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types that are themselves in JSON; their subclasses (enumerations) are not."""
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_json(value: Any) -> str:
    """One line of JSON for a dataclass of the core, or for a member of one of its unions (then with ``type``)."""
    return _write(to_data(value))


def to_data(value: Any, *, tagged: bool = False) -> Any:
    """Plain dicts, lists, strings and numbers for `value`."""
    kind: Any = type(value)
    if kind in _PLAIN:
        return value
    data = _encoder(kind)(value)
    return {"type": kind.__name__, **data} if tagged else data


def from_json(cls: Any, text: str) -> Any:
    """The value of type `cls` that `text` holds. Raises PayloadError."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PayloadError("", "not JSON") from error
    return from_data(cls, data)


def from_data(cls: Any, data: Any, path: str = "") -> Any:
    """As `from_json`, from plain data."""
    return _decoder(cls)(data, path)


def _identity(value: Any) -> Any:
    return value


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (Union, types.UnionType)


def _strip(hint: Any) -> Any:
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    return hint


def _members(hint: Any) -> list[Any]:
    return [_strip(item) for item in typing.get_args(hint) if item is not type(None)]


def _tagged(hint: Any) -> bool:
    return _is_union(hint) and sum(dataclasses.is_dataclass(item) for item in _members(hint)) > 1


_MISSING = object()


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return _MISSING


@cache
def _encoder(cls: Any) -> Encoder:
    if cls is datetime:
        return lambda value: value.isoformat()
    if cls is timedelta:
        return lambda value: value.total_seconds()
    if cls is bytes:
        return lambda value: base64.b64encode(value).decode("ascii")
    if issubclass(cls, enum.Enum):
        return lambda value: value.value
    if issubclass(cls, frozenset):
        return lambda value: sorted(to_data(item) for item in value)
    if issubclass(cls, list | tuple):
        return lambda value: [to_data(item) for item in value]
    if issubclass(cls, Mapping):
        return lambda value: {str(key): to_data(item) for key, item in value.items()}
    if dataclasses.is_dataclass(cls):
        return _dataclass_encoder(cast(type, cls))
    return _identity


def _dataclass_encoder(cls: type) -> Encoder:
    plan = [(item.name, _default(item), _tagged(_hints(cls)[item.name])) for item in dataclasses.fields(cls)]

    def encode(value: Any) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for name, default, tagged in plan:
            item = getattr(value, name)
            if item is default or (default is not None and item == default):
                continue
            kind: Any = type(item)
            if kind in _PLAIN:
                data[name] = item
            elif tagged:
                data[name] = {"type": kind.__name__, **_encoder(kind)(item)}
            else:
                data[name] = _encoder(kind)(item)
        return data

    return encode


@cache
def _decoder(hint: Any) -> Decoder:
    hint = _strip(hint)
    origin = typing.get_origin(hint)
    if _is_union(hint):
        return _union_decoder(hint)
    if origin in (tuple, frozenset, list):
        return _sequence_decoder(hint, origin)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_decoder(_decoder(typing.get_args(hint)[1]))
    if hint is dict or hint is Mapping:
        return _mapping_decoder(_decoder(Any))
    if hint is Any or hint is object:
        return lambda data, path: data
    if hint is datetime:
        return _checked(datetime.fromisoformat, str, "a time")
    if hint is timedelta:
        return _checked(lambda value: timedelta(seconds=value), (int, float), "a duration")
    if hint is bytes:
        return _checked(lambda value: base64.b64decode(value, validate=True), str, "base64")
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _checked(hint, (str, int), "a known value")
    if dataclasses.is_dataclass(hint):
        return _dataclass_decoder(cast(type, hint))
    return _scalar_decoder(hint)


def _checked(make: Callable[[Any], Any], kinds: Any, what: str) -> Decoder:
    def decode(data: Any, path: str) -> Any:
        if isinstance(data, kinds) and not isinstance(data, bool):
            try:
                return make(data)
            except (ValueError, OverflowError):
                pass
        raise PayloadError(path, f"{what} expected")

    return decode


def _scalar_decoder(hint: Any) -> Decoder:
    accepted = (int, float) if hint is float else hint

    def decode(data: Any, path: str) -> Any:
        if isinstance(data, accepted) and (hint is bool or not isinstance(data, bool)):
            return data
        raise PayloadError(path, f"{hint.__name__} expected")

    return decode


def _sequence_decoder(hint: Any, origin: Any) -> Decoder:
    args = typing.get_args(hint)
    item = _decoder(args[0])

    def decode(data: Any, path: str) -> Any:
        if not isinstance(data, list):
            raise PayloadError(path, "a list expected")
        return origin(item(value, f"{path}[{index}]") for index, value in enumerate(data))

    return decode


def _mapping_decoder(item: Decoder) -> Decoder:
    def decode(data: Any, path: str) -> Any:
        if not isinstance(data, dict):
            raise PayloadError(path, "an object expected")
        return {key: item(value, f"{path}.{key}") for key, value in data.items()}

    return decode


def _union_decoder(hint: Any) -> Decoder:
    optional = type(None) in typing.get_args(hint)
    members = _members(hint)
    if not _tagged(hint):
        only = _decoder(members[0])
        return lambda data, path: None if data is None and optional else only(data, path)
    by_name: dict[str, Any] = {item.__name__: item for item in members}

    def decode(data: Any, path: str) -> Any:
        if data is None and optional:
            return None
        name = data.get("type") if isinstance(data, dict) else None
        if name not in by_name:
            raise PayloadError(path, "a known type expected")
        return _decoder(by_name[name])(data, path)

    return decode


def _dataclass_decoder(cls: type) -> Decoder:
    # made at the first use: a class may hold members of its own kind
    plan: list[tuple[str, bool, Decoder]] | None = None

    def decode(data: Any, path: str) -> Any:
        nonlocal plan
        if not isinstance(data, dict):
            raise PayloadError(path, "an object expected")
        if plan is None:
            hints = _hints(cls)
            fields = dataclasses.fields(cls)
            plan = [(item.name, _default(item) is _MISSING, _decoder(hints[item.name])) for item in fields]
        values: dict[str, Any] = {}
        for name, required, read in plan:
            if name in data:
                values[name] = read(data[name], f"{path}.{name}" if path else name)
            elif required:
                raise PayloadError(f"{path}.{name}" if path else name, "missing")
        return cls(**values)

    return decode
