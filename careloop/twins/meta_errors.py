"""Graph API's error envelope and the way it reads parameters, for the Meta twin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from careloop.twins.base import TwinRequest
from careloop.twins.forms import read_form

GONE = (
    "Unsupported {method} request. Object with ID '{name}' does not exist, cannot be loaded due to missing "
    "permissions, or does not support this operation."
)


class GraphError(Exception):
    """A refusal by Graph API. ``subcode`` None: there is none."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        subcode: int | None = None,
        status: int = 400,
        kind: str = "OAuthException",
        transient: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.subcode = subcode
        self.status = status
        self.kind = kind
        self.transient = transient

    def body(self, trace: str) -> dict[str, Any]:
        """As Graph writes it."""
        error = {"message": str(self), "type": self.kind, "code": self.code}
        error |= {"error_subcode": self.subcode} if self.subcode is not None else {}
        error |= {"is_transient": True} if self.transient else {}
        return {"error": {**error, "fbtrace_id": trace}}


def gone(name: str, method: str = "get") -> GraphError:
    """What is not there, or not ours to see."""
    return GraphError(100, GONE.format(method=method, name=name), subcode=33, kind="GraphMethodException")


def invalid(message: str, subcode: int | None = None) -> GraphError:
    """A bad parameter."""
    return GraphError(100, f"(#100) {message}", subcode=subcode)


def parameters(request: TwinRequest) -> dict[str, Any]:
    """From the address and the body, JSON or form, its files included. Raises GraphError."""
    kind = request.headers.get("content-type", "")
    if not request.body:
        return dict(request.query)
    if kind.startswith("multipart/"):
        fields, files = read_form(request)
        return {**request.query, **fields, **files}
    if "json" not in kind:
        return {**request.query, **request.form}
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise invalid("The request body is not valid JSON")
    return {**request.query, **body}


@lru_cache(maxsize=64)
def parse_fields(text: str) -> Mapping[str, str]:
    """``"id,from{id,name}"`` -> name -> what is in its braces. Raises GraphError."""
    found: dict[str, str] = {}
    depth, start = 0, 0
    for index, sign in enumerate(f"{text},"):
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            raise GraphError(2500, "Syntax error in the fields parameter")
        if sign == "," and depth == 0:
            name, _, inner = text[start:index].strip().partition("{")
            if name:
                found[name] = inner.rstrip().removesuffix("}")
            start = index + 1
    if depth:
        raise GraphError(2500, "Syntax error in the fields parameter")
    return found


def chosen(kind: str, node: dict[str, Any], fields: str | None, known: frozenset[str]) -> dict[str, Any]:
    """The asked fields of a node, ``id`` always; unknown ones are refused. Values that are None are left out."""
    default = ("id", "name", "created_time", "message")
    wanted = parse_fields(fields) if fields else {name: "" for name in default if name in known}
    for name in wanted:
        if name.partition(".")[0] not in known:
            raise invalid(f"Tried accessing nonexisting field ({name}) on node type ({kind})")
    names = [name.partition(".")[0] for name in wanted]
    return {name: node[name] for name in dict.fromkeys([*names, "id"]) if node.get(name) is not None}
