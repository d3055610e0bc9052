"""What Salesforce's refusals mean: ``[{"message", "errorCode", "fields"}]``. Messages are left out: they repeat what
was sent."""

from __future__ import annotations

import re
from collections.abc import Callable

from chalicelib.connectors.toolkit.api import ApiAnswer
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    ConflictError,
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
)
from chalicelib.ports.services import HttpResponse

QUOTA_REST = 900.0
"""Seconds to wait where the calls of 24 hours, which roll on, are used up."""
HALTED = "PROCESSING_HALTED"
"""What the other parts of a composite say when one was refused."""
_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,80}")
_NO_RIGHT = "Careloop's Salesforce user lacks a right: look at the permission set of the integration user."
_NO_ACCESS = "Salesforce refused the access: look at the external client app and its run-as user."


def _barred(code: str) -> CareloopError:
    return CredentialsError(code, advice=_NO_RIGHT, remote_code=code)


def _dead(code: str) -> CareloopError:
    return CredentialsError(code, advice=_NO_ACCESS, remote_code=code, dead=True)


def _spent(code: str) -> CareloopError:
    return RateLimitedError(code, retry_after=QUOTA_REST)


def _gone(code: str) -> CareloopError:
    return NotFoundError(code, remote_code=code)


_MEANINGS: dict[str, Callable[[str], CareloopError]] = {
    "INVALID_SESSION_ID": lambda code: CredentialsError(code, advice=_NO_ACCESS, remote_code="401", dead=True),
    "API_DISABLED_FOR_ORG": _dead,
    "API_CURRENTLY_DISABLED": _dead,
    "INSUFFICIENT_ACCESS": _barred,
    "INSUFFICIENT_ACCESS_OR_READONLY": _barred,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _barred,
    "INVALID_FIELD_FOR_INSERT_UPDATE": _barred,
    "REQUEST_LIMIT_EXCEEDED": _spent,
    "TXN_SECURITY_METERING_ERROR": _spent,
    "NOT_FOUND": _gone,
    "ENTITY_IS_DELETED": _gone,
    "INVALID_CROSS_REFERENCE_KEY": _gone,
    "UNABLE_TO_LOCK_ROW": ConflictError,
    "DUPLICATE_VALUE": ConflictError,
    "SERVER_UNAVAILABLE": UnavailableError,
    "QUERY_TIMEOUT": UnavailableError,
    "INVALID_FIELD": lambda code: ConfigurationError(
        f"salesforce: {code}: a field of the options is missing or hidden"
    ),
    "INVALID_TYPE": lambda code: ConfigurationError(f"salesforce: {code}: an object is missing or hidden"),
}
"""By error code (REST API Developer Guide, Status Codes and Error Responses; SOAP API Developer Guide, Core Data
Types). Another code is a plain refusal that no repetition helps."""


def meaning(code: str) -> CareloopError:
    """The leaf for an error code."""
    make = _MEANINGS.get(code)
    return make(code) if make else RejectedError(code, remote_code=code)


def code_of(body: Reader | None) -> str:
    """The first error code that is more than a consequence; "" where there is none."""
    items = body.value if body is not None else None
    for item in items if isinstance(items, list) else ():
        code = item.get("errorCode") if isinstance(item, dict) else None
        if isinstance(code, str) and _CODE.fullmatch(code) and code != HALTED:
            return code
    return ""


def refuse(response: HttpResponse, body: Reader | None) -> None:
    """The table for single calls. What has no code of Salesforce's is left to the general rules; so are 401 and 429."""
    status = response.status
    if status < 300 or status in (401, 429):
        return
    if status == 300:
        raise RejectedError("several records have the same external id", remote_code="300")
    if status < 400:
        raise CredentialsError(
            f"HTTP {status}",
            advice="Salesforce answered with a redirect: base_url is not the org's My Domain.",
            remote_code=str(status),
        )
    code = code_of(body)
    if code:
        raise meaning(code)
    if status in (409, 412):
        raise ConflictError(f"HTTP {status}")


def ids_of(answer: ApiAnswer) -> list[str]:
    """What the parts of a composite, which took effect together, made: ids, "" for a part that made none. Raises the
    leaf of the part that was refused, then nothing took effect; OutcomeUnknownError where the answer can't be read."""
    try:
        parts = list(answer.json.items("compositeResponse"))
        refused = [part for part in parts if int(part.need_id("httpStatusCode")) >= 300]
        codes = [code for part in refused if (code := code_of(part.find("body")))]
        found = [
            (part.find_id("body", "id") or "") if part.has("body") else "" for part in parts if part not in refused
        ]
    except (PayloadError, ValueError) as error:
        raise OutcomeUnknownError("2xx that can't be read") from error
    if codes:
        raise meaning(codes[0])
    if refused or not found:
        raise OutcomeUnknownError("2xx without all its parts")
    return found
