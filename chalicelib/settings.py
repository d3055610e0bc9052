"""Settings from the environment, once. Endpoints and accounts are data, not settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.core.errors import ConfigurationError

_REQUIRED = {
    "table": "CARELOOP_TABLE",
    "inbound_queue": "CARELOOP_INBOUND_QUEUE",
    "outbound_queue": "CARELOOP_OUTBOUND_QUEUE",
    "jobs_queue": "CARELOOP_JOBS_QUEUE",
    "archive_bucket": "CARELOOP_ARCHIVE_BUCKET",
    "secrets_prefix": "CARELOOP_SECRETS_PREFIX",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Names of the stage's resources. Queue names are SQS queue names; ``archive_days``: how long raw payloads live."""

    stage: str
    table: str
    inbound_queue: str
    outbound_queue: str
    jobs_queue: str
    archive_bucket: str
    secrets_prefix: str
    archive_days: int = 30
    dead_letters_queue: str = ""
    """Only operators look into it; its own function gets what is in it from Lambda."""
    secrets_key: str = ""
    """Encrypts the secrets that operators make (functions make none); "": AWS's own key."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read and validate; every problem is named in one ConfigurationError."""
        problems = [f"{name} is not set" for name in _REQUIRED.values() if not env.get(name)]
        problems += [
            f"{_REQUIRED[field]} must be a FIFO queue (its name ends in .fifo)"
            for field in ("inbound_queue", "outbound_queue", "jobs_queue")
            if env.get(_REQUIRED[field]) and not env[_REQUIRED[field]].endswith(".fifo")
        ]
        days = env.get("CARELOOP_ARCHIVE_DAYS", "30")
        if not days.isascii() or not days.isdigit() or not 1 <= int(days) <= 3650:
            problems.append("CARELOOP_ARCHIVE_DAYS must be a number of days between 1 and 3650")
        if problems:
            raise ConfigurationError("; ".join(problems))
        values = {field: env[name] for field, name in _REQUIRED.items()}
        dead = env.get("CARELOOP_DEAD_LETTERS_QUEUE", "")
        stage = env.get("CARELOOP_STAGE", "dev")
        key = env.get("CARELOOP_SECRETS_KEY", f"alias/careloop-{stage}")
        return cls(stage=stage, archive_days=int(days), dead_letters_queue=dead, secrets_key=key, **values)
