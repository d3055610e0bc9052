"""Signature Version 4: AWS's own vectors, and botocore's signer on any request."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.aws.signing import DIGEST_HEADER, Credentials, Signer

ACCESS, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
MOMENT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
HOST = {"host": "example.amazonaws.com"}
FORM = {
    **HOST,
    "content-length": "13",
    "content-type": "application/x-www-form-urlencoded",
    DIGEST_HEADER: hashlib.sha256(b"Param1=value1").hexdigest(),
}
VECTORS = {
    "get-vanilla": (
        ("GET", "/", HOST, b"", ""),
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "get-vanilla-with-session-token": (
        ("GET", "/", HOST, b"", TOKEN),
        "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
    ),
    "get-utf8": (
        ("GET", "/%E1%88%B4", HOST, b"", ""),
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    ),
    "get-space": (
        ("GET", "/example%20space/", HOST, b"", ""),
        "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
    ),
    "get-header-value-trim": (
        ("GET", "/", {**HOST, "my-header1": " value1", "my-header2": ' "a   b   c"'}, b"", ""),
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "post-sts-header-after": (
        ("POST", "/", HOST, b"", ""),
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "post-x-www-form-urlencoded": (
        ("POST", "/", FORM, b"Param1=value1", ""),
        "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
    ),
}
"""From the "AWS Signature Version 4 test suite", signed by header (awslabs/aws-c-auth, read 2026-11)."""


@pytest.mark.parametrize(("request_", "signature"), VECTORS.values(), ids=VECTORS)
def test_aws_own_vectors(request_: tuple[str, str, dict[str, str], bytes, str], signature: str) -> None:
    method, path, headers, body, token = request_

    signed = Signer(Credentials(ACCESS, SECRET, token), "service", "us-east-1").signed(
        method, path, headers, body, MOMENT
    )

    names = ";".join(sorted({*headers, "x-amz-date", *(["x-amz-security-token"] if token else [])}))
    assert signed["authorization"] == (
        f"AWS4-HMAC-SHA256 Credential={ACCESS}/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )


WORDS = st.text("abcXYZ019 ,;=/-", max_size=12).map(str.strip)
NAMES = st.sampled_from(["content-type", "x-amz-target", "x-amz-meta-a", "x-amzn-query-mode"])
PARTS = st.text("abcXYZ019-_.~", min_size=1, max_size=8)
SPAN = datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2035-01-01")
MOMENTS = st.datetimes(*SPAN, timezones=st.just(UTC))


@given(
    service=st.sampled_from(["sqs", "dynamodb", "secretsmanager", "s3"]),
    body=st.binary(max_size=64),
    extra=st.dictionaries(NAMES, WORDS.filter(bool), max_size=4),
    parts=st.lists(PARTS, max_size=3),
    token=st.sampled_from(["", TOKEN]),
    moments=st.lists(MOMENTS, min_size=1, max_size=2),
)
def test_as_botocore_signs(
    service: str, body: bytes, extra: dict[str, str], parts: list[str], token: str, moments: list[datetime]
) -> None:
    """The same signer over several days, so that a day's key is never used on another."""
    path = "/" + ("/".join(parts) if service == "s3" else "")
    headers = {"host": "service.eu-central-1.amazonaws.com", **extra}
    if service == "s3":
        headers[DIGEST_HEADER] = hashlib.sha256(body).hexdigest()
    signer = Signer(Credentials(ACCESS, SECRET, token), service, "eu-central-1")

    for moment in moments:
        ours = signer.signed("POST", path, headers, body, moment)

        theirs = _by_botocore(service, "POST", path, headers, body, token, moment)
        assert ours["authorization"] == theirs["authorization"]
        assert ours["x-amz-date"] == theirs["x-amz-date"]
        assert ours.get("x-amz-security-token") == theirs.get("x-amz-security-token")


def _by_botocore(
    service: str, method: str, path: str, headers: dict[str, str], body: bytes, token: str, moment: datetime
) -> dict[str, str]:
    kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    credentials = BotocoreCredentials(ACCESS, SECRET, token or None)

    class AtMoment(kind):  # type: ignore[misc, valid-type]
        """botocore reads the machine's clock; only the steps after that are compared."""

        def add_auth(self, request: AWSRequest) -> None:
            request.context["timestamp"] = moment.strftime("%Y%m%dT%H%M%SZ")
            self._modify_request_before_signing(request)
            text = self.string_to_sign(request, self.canonical_request(request))
            self._inject_signature_to_request(request, self.signature(text, request))

    request = AWSRequest(method, f"https://{headers['host']}{path}", dict(headers), body)
    request.context["payload_signing_enabled"] = True
    AtMoment(credentials, service, "eu-central-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def test_credentials_print_without_values() -> None:
    shown = repr(Credentials(ACCESS, SECRET, TOKEN)) + str(Credentials(ACCESS, SECRET, TOKEN))

    assert not [value for value in (ACCESS, SECRET, TOKEN) if value in shown]
