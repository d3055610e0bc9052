"""The contract of the secret store: verification and calls apart, and no value where it does not belong."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import ConfigurationError
from chalicelib.ports.services import SecretStore
from tests.contracts.families import FAMILIES, State, opened

PLATFORM, HELPDESK = ConnectionKind.PLATFORM, ConnectionKind.HELPDESK
VALUE = 's3cr3t-"ü\\😀'


@pytest.fixture(params=FAMILIES)
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    with opened(request.param, tmp_path / "state.db") as state:
        yield state


@pytest.fixture
def secrets(state: State) -> SecretStore:
    return state.secrets()


def test_verification_has_all_current_values(secrets: SecretStore) -> None:
    fields = {"app_secret": (VALUE, "old"), "verify_token": ("t",), "unused": ()}
    secrets.put_verification(PLATFORM, "facebook", "main", fields)

    assert secrets.verification(PLATFORM, "facebook", "main") == fields
    secrets.put_verification(PLATFORM, "facebook", "main", {"app_secret": ("new",)})
    assert secrets.verification(PLATFORM, "facebook", "main") == {"app_secret": ("new",)}


def test_credentials_are_single_values(secrets: SecretStore) -> None:
    secrets.put_credentials(HELPDESK, "zendesk", "zendesk", {"token": VALUE, "email": "a@example.com"})

    assert secrets.credentials(HELPDESK, "zendesk", "zendesk") == {"token": VALUE, "email": "a@example.com"}


@pytest.mark.parametrize("name", ["did:plc:brand", "@careloop:matrix.org", "a/b", "a=3Ab", "zähne 😀", "x-AbCdEf"])
def test_every_name_has_its_own_secret(secrets: SecretStore, name: str) -> None:
    for number, (kind, connector, owner) in enumerate(
        (
            (PLATFORM, "bluesky", name),
            (PLATFORM, "bluesky", name + "x"),
            (HELPDESK, "bluesky", name),
            (PLATFORM, "b", name),
        )
    ):
        secrets.put_credentials(kind, connector, owner, {"n": str(number)})
        secrets.put_verification(kind, connector, owner, {"n": (f"v{number}",)})

    assert secrets.credentials(PLATFORM, "bluesky", name) == {"n": "0"}
    assert secrets.credentials(PLATFORM, "bluesky", name + "x") == {"n": "1"}
    assert secrets.verification(PLATFORM, "bluesky", name) == {"n": ("v0",)}
    assert secrets.verification(HELPDESK, "bluesky", name) == {"n": ("v2",)}


def test_a_missing_secret_is_a_wrong_setting(secrets: SecretStore) -> None:
    secrets.put_credentials(PLATFORM, "facebook", "main", {"token": "x"})

    with pytest.raises(ConfigurationError, match="verify/platform/facebook/main is missing"):
        secrets.verification(PLATFORM, "facebook", "main")
    with pytest.raises(ConfigurationError, match="call/platform/facebook/other is missing"):
        secrets.credentials(PLATFORM, "facebook", "other")


def test_no_value_is_printed(state: State, secrets: SecretStore) -> None:
    secrets.put_credentials(PLATFORM, "facebook", "main", {"token": VALUE})
    secrets.put_verification(PLATFORM, "facebook", "main", {"secret": (VALUE,)})
    secrets.credentials(PLATFORM, "facebook", "main")

    assert "s3cr3t" not in repr(secrets) + repr(vars(secrets).get("_values"))


def test_another_worker_s_change_is_seen_after_a_while(state: State, secrets: SecretStore) -> None:
    other = state.secrets()
    secrets.put_credentials(PLATFORM, "facebook", "main", {"token": "1"})
    assert other.credentials(PLATFORM, "facebook", "main") == {"token": "1"}
    secrets.put_credentials(PLATFORM, "facebook", "main", {"token": "2"})

    assert secrets.credentials(PLATFORM, "facebook", "main") == {"token": "2"}
    state.clock.advance(minutes=5)
    assert other.credentials(PLATFORM, "facebook", "main") == {"token": "2"}


def test_a_value_is_read_from_aws_once_in_five_minutes(aws: State) -> None:
    assert aws.aws is not None
    secrets, client = aws.secrets(), aws.aws.client("secretsmanager")
    name = "careloop/test/verify/platform/facebook/main"
    client.create_secret(Name=name, SecretString='{"secret": "one", "tokens": ["a", "b"]}')
    assert secrets.verification(PLATFORM, "facebook", "main") == {"secret": ("one",), "tokens": ("a", "b")}
    client.put_secret_value(SecretId=name, SecretString='{"secret": "two"}')
    aws.clock.advance(minutes=4, seconds=59)
    assert secrets.verification(PLATFORM, "facebook", "main")["secret"] == ("one",)
    aws.clock.advance(seconds=1)
    assert secrets.verification(PLATFORM, "facebook", "main") == {"secret": ("two",)}


@pytest.mark.parametrize("text", ["s3cr3t", '["s3cr3t"]', '{"a": {"b": "s3cr3t"}}', '{"a": ["s3cr3t", 1]}', '{"a": 5}'])
def test_a_document_of_another_form_is_a_wrong_setting(aws: State, text: str) -> None:
    assert aws.aws is not None
    secrets = aws.secrets()
    for way in ("verify", "call"):
        name = f"careloop/test/{way}/platform/facebook/main"
        aws.aws.client("secretsmanager").create_secret(Name=name, SecretString=text)
    for read in (secrets.verification, secrets.credentials):
        with pytest.raises(ConfigurationError) as raised:
            read(PLATFORM, "facebook", "main")
        assert "s3cr3t" not in str(raised.value)
        assert raised.value.__cause__ is None


def test_the_local_file_is_its_owner_s_alone(local: State) -> None:
    local.secrets().put_credentials(PLATFORM, "facebook", "main", {"token": VALUE})

    files = sorted(local.path.parent.glob("state.db*"))
    assert [path.name for path in files] == ["state.db", "state.db-shm", "state.db-wal"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
