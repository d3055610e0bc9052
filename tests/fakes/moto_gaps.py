"""What moto lacks to be deployed to, filled in from outside: by `fill`, or as a server: ``python moto_gaps.py -p PORT``.

- An API comes as Chalice writes it: Swagger 2.0, no description. moto wants OpenAPI 3.
- A key's policy that comes from a template is a dictionary, which moto can't read later.
- A table's encryption that comes from a template is forgotten: its switch has another name there than in the API.
- A stack that is deleted takes along what the template retains except on create; moto knows "Retain" alone.
- A second event source mapping of one queue and function is refused, as by AWS; moto makes it.
- A queue does not call functions by itself: moto calls them while a message is sent, and drops the message.
- Connections count as encrypted: a bucket's policy that refuses others holds for AWS, not for loopback.
- The server gives the package of a function, as it was stored: ``/moto-api/careloop/package/FUNCTION``.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Any

PACKAGE = "/moto-api/careloop/package/"
_filled = False


def fill() -> None:
    """Change moto in this process; again is harmless."""
    global _filled
    if _filled:
        return
    _filled = True
    from moto.apigateway.models import APIGatewayBackend
    from moto.awslambda.models import LambdaBackend
    from moto.cloudformation.parsing import ResourceMap
    from moto.dynamodb.models import DynamoDBBackend
    from moto.kms.models import KmsBackend
    from moto.moto_api._internal.urls import url_paths
    from moto.s3.models import FakeBucket

    for name in ("import_rest_api", "put_rest_api"):
        _wrap(APIGatewayBackend, name, _with_open_api)
    _wrap(KmsBackend, "create_key", _with_policy_text)
    _wrap(ResourceMap, "delete", _with_retention)
    _wrap(FakeBucket, "get_permission", _with_encrypted_connection)
    _wrap(DynamoDBBackend, "create_table", _with_encryption)
    _wrap(LambdaBackend, "create_event_source_mapping", _with_one_mapping)
    url_paths["{0}" + PACKAGE + "(?P<name>[^/]+)$"] = _package


def _wrap(owner: type, name: str, wrapper: Callable[..., Any]) -> None:
    inner = getattr(owner, name)

    @functools.wraps(inner)
    def outer(self: Any, *args: Any, **kwargs: Any) -> Any:
        return wrapper(inner, self, *args, **kwargs)

    setattr(owner, name, outer)


def _with_open_api(inner: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
    for document in (*args, *kwargs.values()):
        if isinstance(document, dict) and document.pop("swagger", None):
            document["openapi"] = "3.0.1"
            document["info"].setdefault("description", "")
    return inner(self, *args, **kwargs)


def _with_policy_text(inner: Callable[..., Any], self: Any, policy: Any, *args: Any, **kwargs: Any) -> Any:
    return inner(self, json.dumps(policy) if isinstance(policy, dict) else policy, *args, **kwargs)


def _with_retention(inner: Callable[..., Any], self: Any) -> Any:
    for resource in self._resource_json_map.values():
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
            resource["DeletionPolicy"] = "Retain"
    return inner(self)


def _with_encryption(inner: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
    given = kwargs.get("sse_specification")
    if given and "SSEEnabled" in given:
        kwargs["sse_specification"] = {**given, "Enabled": given["SSEEnabled"]}
    return inner(self, *args, **kwargs)


def _with_encrypted_connection(inner: Callable[..., Any], self: Any, action: str, resource: str) -> Any:
    kept = self.policy
    if kept is None:
        return inner(self, action, resource)
    document = json.loads(kept)
    needless = {"Bool": {"aws:SecureTransport": "false"}}
    document["Statement"] = [item for item in document["Statement"] if item.get("Condition") != needless]
    self.policy = json.dumps(document).encode()
    try:
        return inner(self, action, resource)
    finally:
        self.policy = kept


def _with_one_mapping(inner: Callable[..., Any], self: Any, spec: dict[str, Any]) -> Any:
    from moto.core.exceptions import JsonRESTError
    from moto.sqs.models import sqs_backends

    function = spec.get("FunctionName", "").rpartition(":function:")[2]
    for mapping in self.list_event_source_mappings(spec["EventSourceArn"], ""):
        if mapping.function_arn.rpartition(":function:")[2] == function:
            raise JsonRESTError(
                "ResourceConflictException",
                f"An event source mapping with {spec['EventSourceArn']} and {function} already exists."
                f" Please update or delete the existing mapping with UUID {mapping.uuid}",
            )
    made = inner(self, spec)
    for queue in sqs_backends[self.account_id][self.region_name].queues.values():
        queue.lambda_event_source_mappings.clear()
    return made


def _package(request: Any, full_url: str, headers: Any) -> tuple[int, dict[str, str], bytes]:
    from moto.awslambda.models import lambda_backends

    name = full_url.rpartition("/")[2]
    for account in lambda_backends.values():
        for backend in account.values():
            for function in backend.list_functions():
                if function.function_name == name:
                    return 200, {"content-type": "application/zip"}, function.code_bytes
    return 404, {}, b""


if __name__ == "__main__":
    sys.path.pop(0)  # this folder, whose modules are called like the standard library's
    from moto.server import main

    fill()
    main(sys.argv[1:])
