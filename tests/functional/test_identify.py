"""The page behind a link, over HTTP: what visitors, crawlers and attackers see, and what gets into the queue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote, urlencode

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import app as chalice_app
from careloop.cli.main import main
from careloop.connecting.links import finish, rotate, set_up, stored
from careloop.local.application import application_of
from careloop.local.gateway import Gateway
from careloop.twins.base import TwinHttp
from chalicelib import bootstrap
from chalicelib.bootstrap import LINKS
from chalicelib.core.account import ConnectionKind
from chalicelib.core.codec import from_json
from chalicelib.core.errors import ConfigurationError, UnavailableError
from chalicelib.core.events import Envelope, IdentityClaimed
from chalicelib.core.ids import AccountId, AccountKey, CaseId
from chalicelib.core.links import IdentityLink, Told, read_token, write_token
from chalicelib.pipeline.identify import MAX_BODY, read_form
from chalicelib.ports.runtime import no_keys
from tests.fakes.clock import FrozenClock
from tests.fakes.runtime import SilentTelemetry
from tests.fakes.state import open_state

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ANSWER = {"name": "Dana Weber", "number": "KD-1001", "email": "", "phone": ""}


class Door:
    """The app behind the gateway, with links set up."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.system = open_state(self.clock)
        self.telemetry = SilentTelemetry()
        self.app = application_of(self.system, TwinHttp({}), self.clock, self.telemetry)
        self.gateway = Gateway(chalice_app.app)
        set_up(self.app, "https://care.example.com/api")

    def link(self, **changes: object) -> str:
        """The path of a link."""
        said = IdentityLink(
            token="k4n2v7qkx5rjmz3wbyta",
            account=AccountKey(platform="messenger", account=AccountId("104857600123456")),
            case=CaseId("case-abcdefghijklmnopqrst"),
            expires_at=self.clock.now() + timedelta(hours=24),
            language="en",
            fields=tuple(Told),
            brand="Acme <b>& Sons</b>",
        )
        return "/identify/" + write_token(replace(said, **changes), stored(self.app).signing)  # type: ignore[arg-type]

    def call(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        """``headers`` None: those of a browser."""
        usual = FORM if method == "POST" else {"Accept": "text/html"}
        bootstrap.install(self.app)
        try:
            status, answered, data = self.gateway.call(method, path, usual if headers is None else headers, body)
        finally:
            bootstrap.install(None)
        return status, answered, data.decode()

    def answer(self, path: str, **values: str) -> tuple[int, str]:
        status, _, page = self.call("POST", path, urlencode(values or ANSWER).encode())
        return status, page

    def claims(self) -> list[IdentityClaimed]:
        """What stands in the inbound queue."""
        found = [from_json(Envelope, item.body) for item in self.system.queues["inbound"].receive(10)]
        assert all(item.archived_at is None for item in found)
        return [item.event for item in found]


@pytest.fixture
def door() -> Door:
    return Door()


def test_the_form_is_shown_and_may_load_nothing(door: Door):
    status, headers, page = door.call("GET", door.link())

    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]
    assert "<script" not in page
    assert not re.search(r"(src|href|action)=", page)
    assert "Acme &lt;b&gt;&amp; Sons&lt;/b&gt;" in page


def test_every_input_has_its_label_and_the_page_its_language(door: Door):
    _, _, page = door.call("GET", door.link(language="de"))

    inputs = re.findall(r'<input id="(\w+)" name="(\w+)"', page)
    assert [name for _, name in inputs] == ["name", "number", "email", "phone"]
    for place, name in inputs:
        assert place == name
        assert f'<label for="{place}">' in page
    assert '<html lang="de">' in page
    assert "Wer sind Sie?" in page


def test_a_page_asks_for_what_the_policy_says(door: Door):
    _, _, page = door.call("GET", door.link(fields=(Told.NUMBER,)))

    assert re.findall(r'<input id="(\w+)"', page) == ["name", "number"]
    assert page.count("required") == 2


def test_an_answer_goes_into_the_queue_and_is_thanked(door: Door):
    status, page = door.answer(door.link())

    assert status == 200
    assert "Thank you." in page
    [claim] = door.claims()
    assert claim.case == "case-abcdefghijklmnopqrst"
    assert claim.token == "k4n2v7qkx5rjmz3wbyta"
    assert {name: value for name, value in claim.values.items() if value} == {"name": "Dana Weber", "number": "KD-1001"}
    assert "Dana" not in repr(claim)


def test_every_answer_looks_the_same(door: Door):
    right = door.answer(door.link())
    wrong = door.answer(door.link(token="another"), name="Nobody At All", email="no@such.example")

    assert right == wrong


def test_no_value_no_link_gets_into_a_log(door: Door):
    link = door.link()
    door.call("GET", link)
    door.answer(link)
    door.answer("/identify/" + "x" * 50)

    told = repr(door.telemetry.lines) + repr(door.telemetry.counts)
    assert [(stage, outcome) for stage, outcome, _ in door.telemetry.lines] == [
        ("identify", "accepted"),
        ("identify", "refused"),
    ]
    assert "KD-1001" not in told
    assert link.rpartition("/")[2][:20] not in told
    assert "k4n2v7" not in told


def test_nothing_is_archived(door: Door):
    door.answer(door.link())

    kept = door.system.archive.list(
        source="platform/careloop/links",
        since=door.clock.now() - timedelta(days=1),
        until=door.clock.now() + timedelta(days=1),
    )
    assert not list(kept)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda link: link[:-1],
        lambda link: link[:-1] + ("A" if link[-1] != "A" else "B"),
        lambda link: "/identify/" + "A" + link.removeprefix("/identify/")[1:],
        lambda link: link.replace(".", "", 1),
        lambda link: link + "%00",
        lambda link: "/identify/" + "A" * 4_000,
        lambda link: "/identify/" + quote("ü" * 20),
        lambda link: "/identify/..",
    ],
)
def test_a_forged_link_is_no_good(door: Door, spoil):
    path = spoil(door.link())
    for method in ("GET", "POST"):
        status, _, page = door.call(method, path, urlencode(ANSWER).encode())
        assert status == 404
        assert "not good any more" in page
    assert door.claims() == []


def test_an_expired_link_shows_the_same_page(door: Door):
    link = door.link()
    _, _, forged = door.call("GET", link[:-2])
    door.clock.advance(hours=24)

    assert door.call("GET", link)[0] == 404
    assert door.call("GET", link)[2] == forged
    assert door.answer(link)[0] == 404
    assert door.claims() == []


def test_its_language_is_the_visitors_where_the_link_does_not_tell(door: Door):
    _, _, page = door.call("GET", "/identify/x", b"", {"Accept-Language": "de-AT,de;q=0.9,en;q=0.8"})

    assert "gilt nicht mehr" in page


def test_a_second_answer_at_once_is_the_first_one_again(door: Door):
    """Later ones are repetitions by the ledger; the queue drops what comes within minutes."""
    link = door.link()
    door.answer(link)
    assert door.answer(link, name="Someone Else", number="KD-9999")[0] == 200

    assert len(door.claims()) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"name=Dana+Weber",
        b"number=KD-1001",
        b"name=+&number=+++",
        b"name=Dana&number=%00%01%02",
        b"{}",
        b"\xff\xfe\x00",
        b"&".join(b"a%d=1" % number for number in range(5_000)),
        b"name=Dana&number=" + b"1" * MAX_BODY,
        b"name=D&number=1" + b"&x=" + b"x" * (4 * 1024 * 1024),
    ],
    ids=range(10),
)
def test_what_says_nothing_shows_the_form_again_and_uses_nothing_up(door: Door, body: bytes):
    status, _, page = door.call("POST", door.link(), body)

    assert status == 422
    assert 'role="alert"' in page
    assert door.claims() == []
    assert door.answer(door.link())[0] == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_odd_methods_are_refused(door: Door, method: str):
    status, _, _ = door.call(method, door.link(), urlencode(ANSWER).encode())

    assert status in (403, 405)
    assert door.claims() == []


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_other_kinds_of_content_are_refused(door: Door, kind: str):
    headers = {"Content-Type": kind} if kind else {}
    status, _, _ = door.call("POST", door.link(), urlencode(ANSWER).encode(), headers)

    assert status in (415, 422)
    assert door.claims() == []


def test_nothing_typed_is_shown_again(door: Door):
    evil = '"><script>alert(1)</script>'
    status, page = door.answer(door.link(), name=evil)
    assert status == 422
    assert "alert(1)" not in page
    assert "alert(1)" not in door.answer(door.link(), name=evil, number=evil)[1]
    [claim] = door.claims()
    assert claim.values["number"] == evil


@given(st.dictionaries(st.sampled_from(["name", "number", "email", "phone", "x"]), st.text(max_size=400)))
@settings(max_examples=60)
def test_values_are_short_and_of_one_line(values: dict[str, str]):
    body = urlencode({name: value.encode("utf-8", "replace") for name, value in values.items()}).encode()
    for name, value in read_form(body).items():
        assert name != "x"
        assert len(value) <= 254
        assert value == " ".join(value.split())
        assert all(char.isprintable() for char in value)


def test_the_queue_is_down(door: Door):
    class Down:
        def send(self, messages: object) -> None:
            raise UnavailableError("down")

    runtime = door.app.runtime
    door.app = replace(door.app, runtime=replace(runtime, queues=replace(runtime.queues, inbound=Down())))
    status, page = door.answer(door.link())

    assert status == 503
    assert "in a few minutes" in page


def test_without_links_no_link_is_good():
    door = Door()
    link = door.link()
    door.app = replace(door.app, runtime=replace(door.app.runtime, link_keys=no_keys))
    assert door.call("GET", link)[0] == 404


def test_a_rotation_refuses_no_link(door: Door):
    """Also where functions remember what was before for five minutes."""
    old = door.link()
    remembered = stored(door.app).keys
    rotate(door.app)
    assert read_token(door.link().rpartition("/")[2], remembered, door.clock.now())  # the old one still signs
    with pytest.raises(ConfigurationError, match="learn of the new value until"):
        rotate(door.app)
    with pytest.raises(ConfigurationError, match="still signs"):
        finish(door.app, force=False)
    door.clock.advance(minutes=5)
    rotate(door.app)
    new = door.link()
    assert old != new
    assert door.call("GET", old)[0] == door.call("GET", new)[0] == 200
    with pytest.raises(ConfigurationError, match="signs already"):
        rotate(door.app)
    with pytest.raises(ConfigurationError, match="are good until"):
        finish(door.app, force=False)
    door.clock.advance(hours=24, minutes=5)
    newest = door.link()
    assert finish(door.app, force=False)
    assert door.call("GET", newest)[0] == 200
    assert not finish(door.app, force=False)


def test_a_leaked_secret_can_be_dropped_at_once(door: Door):
    old = door.link()
    rotate(door.app)
    assert finish(door.app, force=True)
    assert door.call("GET", old)[0] == 404
    assert door.call("GET", door.link())[0] == 200


def test_what_signs_and_what_verifies_are_kept_apart(door: Door):
    kind = ConnectionKind.PLATFORM
    assert set(door.system.secrets.verification(kind, *LINKS)) == {"signing_secret"}
    assert set(door.system.secrets.credentials(kind, *LINKS)) == {"signing_secret", "address"}


def test_setting_up_again_keeps_the_secret(door: Door):
    before = stored(door.app)
    assert not set_up(door.app, "https://care.example.com/api/")
    assert set_up(door.app, "https://talk.example.com")
    after = stored(door.app)
    assert (after.keys, after.signing, after.address) == (before.keys, before.signing, "https://talk.example.com")
    with pytest.raises(ConfigurationError, match="https"):
        set_up(door.app, "http://care.example.com")


def test_the_command_sets_links_up_and_rotates_them(tmp_path):
    state = str(tmp_path / "state.sqlite3")

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["links", *words, "--local", state])
        return result.exit_code, " ".join(result.output.split())

    assert "say --url" in run("set-up")[1]
    assert "must begin with https" in run("set-up", "--url", "ftp://x")[1]
    assert run("rotate")[0] == 1
    code, told = run("set-up", "--url", "https://care.example.com/api/")
    assert code == 0
    assert "https://care.example.com/api/identify/..." in told
    assert "were set up already" in run("set-up", "--url", "https://care.example.com/api")[1]
    assert "nothing to finish" in run("rotate", "--finish")[1]
    code, told = run("rotate")
    assert code == 0
    assert "the old one still signs" in told
    assert "still signs" in run("rotate", "--finish")[1]
    assert run("rotate", "--finish", "--force")[0] == 0
    assert "secret" not in told.lower()
