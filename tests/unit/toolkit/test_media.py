"""What a stranger's message points to: what is fetched, and what never is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.connectors.toolkit.media import fetch_from, host_is_listed, media_type_of, safe_name
from chalicelib.connectors.toolkit.multipart import multipart
from chalicelib.core.errors import NotFoundError, RateLimitedError, RejectedError, UnavailableError, UnsupportedError
from chalicelib.core.media import MediaFile
from chalicelib.ports.services import HttpRequest, HttpResponse

HOSTS = ("*.cdn.example", "files.example")
JPEG = b"\xff\xd8\xff\xe0 a picture"
URL = "https://a.cdn.example/v/t1/photo.jpg?sig=1"


class Web:
    """Answers by address."""

    def __init__(self, **pages: HttpResponse) -> None:
        self.pages: dict[str, HttpResponse] = {}
        self.asked: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        return self.pages[request.url]


def page(status: int = 200, body: bytes = JPEG, **headers: str) -> HttpResponse:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status=status, headers={"content-type": "image/jpeg", **told}, body=body)


def fetch(url: str, web: Web, **options: Any) -> MediaFile:
    return fetch_from(web, url, **{"hosts": HOSTS, "most_bytes": 1000, **options})


def test_a_picture_is_fetched_with_its_limits_asked_of_the_adapter() -> None:
    web = Web()
    web.pages[URL] = page()
    found = fetch(URL, web, headers={"authorization": "Bearer t"})
    assert found == MediaFile(name="photo.jpg", media_type="image/jpeg", content=JPEG, source=URL)
    (asked,) = web.asked
    assert (asked.most_bytes, asked.public_only, asked.idempotent) == (1000, True, True)
    assert asked.headers == {"authorization": "Bearer t"}


@pytest.mark.parametrize(
    "url",
    [
        "http://a.cdn.example/x",
        "https://cdn.example/x",
        "https://a.cdn.example.evil.test/x",
        "https://evil.test/a.cdn.example",
        "https://a.cdn.example@evil.test/x",
        "https://user:pw@a.cdn.example/x",
        "https://a.cdn.example:8443/x",
        "https://a.cdn.example:x/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "file:///etc/passwd",
        "//a.cdn.example/x",
        "",
    ],
)
def test_no_other_address_is_asked(url: str) -> None:
    web = Web()
    with pytest.raises(UnsupportedError):
        fetch(url, web)
    assert not web.asked


def test_a_redirect_stays_within_the_list_and_takes_no_token_along() -> None:
    web = Web()
    web.pages["https://files.example/1"] = page(302, b"", location="https://b.cdn.example/2.jpg")
    web.pages["https://b.cdn.example/2.jpg"] = page()
    assert fetch("https://files.example/1", web, headers={"authorization": "t"}).name == "2.jpg"
    assert [dict(item.headers) for item in web.asked] == [{"authorization": "t"}, {}]


@pytest.mark.parametrize("location", ["http://127.0.0.1/", "https://evil.test/", "", "/loop"])
def test_a_redirect_elsewhere_or_without_end_is_refused(location: str) -> None:
    web = Web()
    web.pages["https://files.example/1"] = web.pages["https://files.example/loop"] = page(302, b"", location=location)
    with pytest.raises(UnsupportedError):
        fetch("https://files.example/1", web)
    assert len(web.asked) <= 4


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, NotFoundError),
        (403, NotFoundError),
        (404, NotFoundError),
        (410, NotFoundError),
        (429, RateLimitedError),
        (400, RejectedError),
        (500, UnavailableError),
        (503, UnavailableError),
    ],
)
def test_what_a_refusal_means(status: int, error: type[Exception]) -> None:
    web = Web()
    web.pages[URL] = page(status, b"")
    with pytest.raises(error):
        fetch(URL, web)


@pytest.mark.parametrize(
    "answer",
    [
        page(body=JPEG + b"x" * 1000),
        page(body=b"<html><script>alert(1)</script>"),
        page(body=b"  <svg xmlns='http://www.w3.org/2000/svg'/>", content_type="image/svg+xml"),
        page(body=b"MZ\x90", content_type="application/pdf"),
        page(body=b"not a picture"),
        page(body=b"x", content_type="text/html"),
        page(body=b"x", content_type="application/javascript"),
    ],
)
def test_too_large_or_of_another_kind_is_refused(answer: HttpResponse) -> None:
    web = Web()
    web.pages[URL] = answer
    with pytest.raises(UnsupportedError):
        fetch(URL, web)


def test_an_accounts_own_server_is_trusted_as_configured() -> None:
    web = Web()
    web.pages["http://127.0.0.1:8008/m/1"] = page()
    fetch("http://127.0.0.1:8008/m/1", web, origin="http://127.0.0.1:8008/")
    assert not web.asked[0].public_only
    with pytest.raises(UnsupportedError):
        fetch("http://127.0.0.1:9999/m/1", web, origin="http://127.0.0.1:8008/")


@pytest.mark.parametrize(
    ("content", "told", "expected"),
    [
        (b"\x89PNG\r\n\x1a\nx", "application/octet-stream", "image/png"),
        (b"OggSx", "audio/ogg; codecs=opus", "audio/ogg"),
        (b"OggSx", "video/ogg", "video/ogg"),
        (b"\x00\x00\x00 ftypisom", "audio/mp4", "audio/mp4"),
        (b"\x00\x00\x00 ftypisom", "", "video/mp4"),
        (b"hello", "text/plain; charset=utf-8", "text/plain"),
        (b"PK\x03\x04", "application/zip", "application/zip"),
        (b"?", "", "application/octet-stream"),
    ],
)
def test_the_content_outweighs_the_header(content: bytes, told: str, expected: str) -> None:
    assert media_type_of(content, told) == expected


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_name_is_no_path(wanted: str, last: str) -> None:
    name = safe_name(wanted, f"https://x/{last}", "image/png")
    assert name.endswith(".png")
    assert not set(name) & set("/\\\r\n\x00")
    assert name not in (".png", "..png")


def test_hosts() -> None:
    assert host_is_listed("A.CDN.example.", HOSTS)
    assert not host_is_listed("acdn.example", HOSTS)


@given(st.lists(st.tuples(st.text(), st.text()), max_size=3), st.binary(max_size=200), st.text(max_size=20))
def test_multipart_is_stable_and_its_headers_hold_no_line_of_ours(
    fields: list[tuple[str, str]], content: bytes, name: str
) -> None:
    file = MediaFile(name=name, media_type="image/png", content=content)
    kind, body = multipart(fields, [("file", file)])
    assert (kind, body) == multipart(fields, [("file", file)])
    edge = b"--" + kind.partition("boundary=")[2].encode()
    assert body.count(edge) == len(fields) + 2
    assert body.endswith(content + b"\r\n" + edge + b"--\r\n")
