"""The way out, against a real server on this machine: what each failure means."""

from __future__ import annotations

import gzip
import socket
import struct
from pathlib import Path

import pytest

from chalicelib.adapters.http import IDLE_SECONDS, UrllibHttp, _is_public
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    OutcomeUnknownError,
    UnavailableError,
    UnsupportedError,
)
from chalicelib.ports.services import HttpRequest, HttpResponse
from tests.unit.adapters.server import Script, answering, certificate, read_request, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SECRET = "s3cr3t-t0ken"


class Ticks:
    """A monotonic clock that stands still until told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def call(url: str, http: UrllibHttp | None = None, **fields: object) -> HttpResponse:
    values: dict[str, object] = {"method": "POST", "url": url, "timeout": 5.0} | fields
    return (http or UrllibHttp()).send(HttpRequest(**values))  # type: ignore[arg-type]


def test_a_call_and_its_answer_byte_for_byte() -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(
            b"HTTP/1.1 201 Created\r\nX-Multi: a\r\nx-multi: b\r\nContent-TYPE: text/plain\r\nContent-Length: 4\r\n\r\n\x00\xff\r\n"
        )

    with serving(script) as server:
        answer = call(
            f"{server.url}/a%2Fb/c?x=1%202&y=%C3%A9",
            headers={"Authorization": "Bearer x", "X-E": "é"},
            body=b"\x00\xfe",
        )

    head, _, body = seen[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /a%2Fb/c?x=1%202&y=%C3%A9 HTTP/1.1"
    assert {b"authorization: Bearer x", b"user-agent: careloop", b"content-length: 2", b"x-e: \xe9"} <= {
        line if line.startswith((b"auth", b"x-e")) else line.lower() for line in lines
    }
    assert body == b"\x00\xfe"
    assert answer == HttpResponse(
        status=201,
        headers={"x-multi": "a, b", "content-type": "text/plain", "content-length": "4"},
        body=b"\x00\xff\r\n",
    )


@pytest.mark.parametrize("status", [204, 301, 302, 304, 307, 400, 401, 404, 429, 500, 503])
def test_every_status_is_an_answer_and_redirects_are_not_followed(status: int) -> None:
    head = f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:1/\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
    with serving(answering(head.encode())) as server:
        assert call(server.url).status == status
        assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3\r\n, x\r\n0\r\n\r\n", b"ok, x"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"packed " * 20000), b"packed " * 20000),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    ],
    ids=["chunked", "until close", "gzip", "empty"],
)
def test_bodies_of_every_form(answer: bytes, body: bytes) -> None:
    with serving(answering(answer)) as server:
        assert call(server.url).body == body


def test_a_connection_is_used_again_while_it_is_warm_and_not_after_a_pause() -> None:
    ticks = Ticks()
    http = UrllibHttp(monotonic=ticks)

    def script(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(OK)

    with serving(script) as server:
        for _ in range(3):
            assert call(server.url, http).body == b"ok"
        assert server.connections == 1
        ticks.now += IDLE_SECONDS + 0.1
        assert call(server.url, http).body == b"ok"
        assert server.connections == 2


def _hang_up(connection: socket.socket) -> None:
    read_request(connection)


def _reset(connection: socket.socket) -> None:
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _silence(connection: socket.socket) -> None:
    read_request(connection)
    connection.settimeout(10)
    connection.recv(1)  # until the client gives up


AFTER_SENDING: dict[str, Script] = {
    "closed": _hang_up,
    "reset": _reset,
    "silent": _silence,
    "cut off": answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok"),
    "cut off in chunks": answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok"),
    "no HTTP": answering(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "not unpackable": answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"),
    "too large": answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001),
    "too large, packed": answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 10**6)),
}


@pytest.mark.parametrize("what", AFTER_SENDING)
@pytest.mark.parametrize(("idempotent", "error"), [(False, OutcomeUnknownError), (True, UnavailableError)])
def test_after_sending_only_repeatable_calls_may_be_repeated(
    what: str, idempotent: bool, error: type[CareloopError]
) -> None:
    timeout = 0.3 if what == "silent" else 5.0
    with serving(AFTER_SENDING[what]) as server:
        with pytest.raises(error, match=r"^no answer from 127\.0\.0\.1: ") as raised:
            call(
                f"{server.url}/bot{SECRET}/send?token={SECRET}",
                UrllibHttp(largest=1000),
                headers={"authorization": SECRET},
                body=SECRET.encode(),
                idempotent=idempotent,
                timeout=timeout,
            )
        assert server.connections == 1
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_the_largest_body_is_taken() -> None:
    with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000)) as server:
        assert len(call(server.url, UrllibHttp(largest=1000)).body) == 1000


def test_an_answer_that_drips_is_given_up() -> None:
    ticks = Ticks()

    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
        ticks.now += 16.0
        connection.sendall(b"x")
        connection.settimeout(10)
        connection.recv(1)

    with serving(script) as server, pytest.raises(OutcomeUnknownError, match="AnswerTooSlow"):
        call(server.url, UrllibHttp(monotonic=ticks))


def _nobody() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("idempotent", [False, True])
def test_before_sending_every_call_may_be_repeated(idempotent: bool, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"^no connection to 127\.0\.0\.1: NewConnectionError"):
        call(_nobody(), idempotent=idempotent)

    untrusted = pytest.raises(UnavailableError, match=r"^no connection to 127\.0\.0\.1: SSLError")
    with serving(answering(OK), certificate(tmp_path)) as server, untrusted:
        call(server.url, idempotent=idempotent)

    silent = pytest.raises(UnavailableError, match=r"^no connection to 127\.0\.0\.1: ")
    with serving(answering(OK)) as server, silent:
        call(server.url.replace("http://", "https://"), idempotent=idempotent, timeout=0.2)


def test_a_trusted_certificate_is_accepted_for_its_own_host_only(tmp_path: Path) -> None:
    trusted = certificate(tmp_path)
    http = UrllibHttp(ca_file=str(trusted))

    with serving(answering(OK), trusted) as server:
        assert call(server.url, http).body == b"ok"
        with pytest.raises(UnavailableError, match="no connection to localhost"):
            call(server.url.replace("127.0.0.1", "localhost"), http)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/x",
        "//127.0.0.1/x",
        f"http://user:{SECRET}@127.0.0.1/",
        "http://",
        "http://[::1/",
        f"http://127.0.0.1:{SECRET}/",
    ],
)
def test_an_address_that_can_t_be_used_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        call(url)

    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("value", [f"{SECRET}\n", f"a\r\nx: {SECRET}", f"{SECRET} – é"])
def test_a_header_that_can_t_be_sent_is_a_wrong_setting_and_stays_secret(value: str) -> None:
    with serving(answering(OK)) as server, pytest.raises(ConfigurationError) as raised:
        call(server.url, headers={"authorization": value})
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_private_address_is_refused_where_a_public_one_is_demanded(name: str) -> None:
    """What was connected to is looked at, so a name that means this machine is no way in."""
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(connection.recv(1000))

    with serving(script) as server:
        url = server.url.replace("127.0.0.1", name)
        with pytest.raises(UnsupportedError) as caught:
            call(url, public_only=True)
    assert "no public address" in str(caught.value)
    assert not any(seen), "nothing was sent"


def test_what_was_connected_to_for_us_is_not_used_where_a_public_address_is_demanded() -> None:
    http = UrllibHttp()
    with serving(answering(OK)) as server:
        assert call(server.url, http).status == 200
        with pytest.raises(UnsupportedError):
            call(server.url, http, public_only=True)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not _is_public(address)


def test_addresses_that_are_public() -> None:
    assert _is_public("8.8.8.8")
    assert _is_public("2606:4700::1111")
    assert _is_public("::ffff:8.8.8.8")


@pytest.mark.parametrize("told", [b"Content-Length: 11\r\n", b""])
def test_an_answer_larger_than_asked_for_is_refused(told: bytes) -> None:
    with serving(answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + told + b"\r\nhello world")) as server:
        with pytest.raises(UnsupportedError) as caught:
            call(server.url, idempotent=True, most_bytes=10)
        assert "larger than 10 bytes" in str(caught.value)
        assert call(server.url, idempotent=True, most_bytes=11).body == b"hello world"
