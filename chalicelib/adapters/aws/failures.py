"""What AWS says went wrong, in the words of the error tree."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chalicelib.core.errors import CareloopError, ConfigurationError, ConflictError, UnavailableError

UNAVAILABLE = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "KMSThrottlingException",
        "KmsThrottled",
        "OverLimit",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
CONFLICT = frozenset({"ResourceExistsException", "TransactionConflict", "TransactionConflictException"})
CONFIGURATION = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "DecryptionFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidRequestException",
        "KmsAccessDenied",
        "NoSuchBucket",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


class AwsError(Exception):
    """What a service refused, from the light clients. ``response`` has the form of botocore's: the code under "Error",
    the status under "ResponseMetadata", what else the service tells beside them. Its text is the code alone."""

    def __init__(self, operation: str, response: Mapping[str, Any]) -> None:
        super().__init__(f"{operation}: {response['Error']['Code']}")
        self.response = response


def refusals() -> tuple[type[Exception], ...]:
    """The errors for what a service refused: ours, and botocore's where it is loaded (else nothing can raise it).
    For ``except refusals() as error``, which is asked only when something was raised."""
    return (AwsError, *_of_botocore("ClientError"))


def code_of(error: Any) -> str:
    """The error code of what `refusals` names."""
    return str(response_of(error).get("Error", {}).get("Code", ""))


def response_of(error: Any) -> Mapping[str, Any]:
    """All that a service told with what `refusals` names."""
    response: Mapping[str, Any] = error.response
    return response


def failure_for(code: str, what: str, *, status: int = 0) -> CareloopError | None:
    """The leaf for AWS's error code, None for a code that only a bug of ours explains."""
    if code in CONFLICT:
        return ConflictError(f"{what}: {code}")
    if code in CONFIGURATION:
        return ConfigurationError(f"{what}: {code}")
    if code in UNAVAILABLE or status >= 500:
        return UnavailableError(f"{what}: {code or status}")
    return None


@contextmanager
def reporting(what: str, *, leaving: Collection[str] = ()) -> Iterator[None]:
    """Turn errors of the clients into ours: UnavailableError, ConflictError, ConfigurationError. Others pass unchanged,
    and so do those with a code in `leaving`.

    `what` names the call for operators; nothing of the request's content gets into a message.
    """
    try:
        yield
    except refusals() as error:
        status = int(response_of(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        failure = None if code_of(error) in leaving else failure_for(code_of(error), what, status=status)
        if failure is None:
            raise
        raise failure from error
    except _broken() as error:
        raise UnavailableError(f"{what}: {type(error).__name__}") from error
    except _unsettled() as error:
        raise ConfigurationError(f"{what}: {type(error).__name__}") from error


def _broken() -> tuple[type[Exception], ...]:
    """Botocore's errors for calls that got no answer; the light clients raise UnavailableError themselves."""
    return _of_botocore("ConnectionError", "HTTPClientError", "IncompleteReadError", "ResponseStreamingError")


def _unsettled() -> tuple[type[Exception], ...]:
    """Botocore's errors for calls that could not be made."""
    return _of_botocore("NoCredentialsError", "NoRegionError")


def _of_botocore(*names: str) -> tuple[type[Exception], ...]:
    loaded = sys.modules.get("botocore.exceptions")
    return tuple(getattr(loaded, name) for name in names) if loaded else ()
