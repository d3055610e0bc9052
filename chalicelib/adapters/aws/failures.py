"""What AWS says went wrong, in the words of the error tree."""

from __future__ import annotations

from collections.abc import Collection, Iterator
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


def code_of(error: Any) -> str:
    """The error code of a botocore ClientError."""
    return str(error.response.get("Error", {}).get("Code", ""))


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
    """Turn botocore's errors into ours: UnavailableError, ConflictError, ConfigurationError. Others pass unchanged, and
    so do those with a code in `leaving`.

    `what` names the call for operators; nothing of the request's content gets into a message.
    """
    from botocore import exceptions

    broken = (
        exceptions.ConnectionError,
        exceptions.HTTPClientError,
        exceptions.IncompleteReadError,
        exceptions.ResponseStreamingError,
    )
    try:
        yield
    except exceptions.ClientError as error:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        failure = None if code_of(error) in leaving else failure_for(code_of(error), what, status=status)
        if failure is None:
            raise
        raise failure from error
    except broken as error:
        raise UnavailableError(f"{what}: {type(error).__name__}") from error
    except (exceptions.NoCredentialsError, exceptions.NoRegionError) as error:
        raise ConfigurationError(f"{what}: {type(error).__name__}") from error
