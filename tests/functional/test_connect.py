"""`careloop connect` and `careloop rotate`, as an operator runs them, over twins of the vendors."""

from __future__ import annotations

import dataclasses
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from careloop.connecting import storing
from careloop.connecting.address import api_url
from careloop.local.application import open_application
from careloop.local.gateway import serve
from careloop.twins.meta_hooks import ALL_FIELDS
from careloop.twins.server import serve_twin
from careloop.twins.zendesk import ZendeskTwin
from chalicelib import bootstrap
from chalicelib.adapters.clock import SystemClock
from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.ids import AccountId, AccountKey
from tests.functional.connecting_world import API, API_TOKEN, APP_SECRET, GIVEN, PAGE, PAGE_SECRETS, ConnectingWorld

PLATFORM, HELPDESK = ConnectionKind.PLATFORM, ConnectionKind.HELPDESK
FACEBOOK_HOOK = f"{API}/webhooks/platform/facebook/facebook"


@pytest.fixture
def world() -> ConnectingWorld:
    return ConnectingWorld()


@pytest.fixture
def connected(world: ConnectingWorld) -> ConnectingWorld:
    assert world.connect_desk().exit_code == 0, world.outputs
    assert world.connect_page().exit_code == 0, world.outputs
    return world


def shown_value(output: str, before: str) -> str:
    found = re.search(re.escape(before) + r" ([A-Za-z0-9_-]{40,})", output)
    assert found, output
    return found[1]


def directory(world: ConnectingWorld) -> tuple[int, int, int]:
    stores = world.system.stores.directory
    return len(stores.accounts()), len(stores.connections()), len(stores.endpoints())


# -- connecting --------------------------------------------------------------------------------------------------------


def test_a_desk_and_a_page_are_connected_and_a_comment_becomes_a_ticket_with_its_answer(world: ConnectingWorld) -> None:
    desk = world.connect_desk()
    assert desk.exit_code == 0, desk.output
    assert "a signed webhook is accepted" in desk.output
    assert f"{API}/webhooks/helpdesk/zendesk/zendesk" in desk.output
    world.desk.add_webhook(f"{API}/webhooks/helpdesk/zendesk/zendesk", "c2lnbmluZy1vZi1vdXJz")

    world.meta.install(PAGE, [])
    page = world.connect_page("--title", "Acme")
    assert page.exit_code == 0, page.output
    assert "the challenge is answered" in page.output
    assert "subscribed: " in page.output
    assert f"Callback URL: {FACEBOOK_HOOK}" in page.output
    world.meta.subscribe(FACEBOOK_HOOK, shown_value(page.output, "Verify token:"))

    post = world.meta.page_post("Our new lamp is here.")
    world.meta.comment(world.meta.add_user("Dana Weber"), post, "Where is my order?")
    world.work()
    [ticket] = world.desk.snapshot()["tickets"]
    assert "Where is my order?" in ticket["comments"][0]["text"]
    world.desk.agent_reply(ticket["id"], "It left today.")
    world.work()
    texts = [item["text"] for thread in world.meta.snapshot()["threads"] for item in thread["messages"]]
    assert texts[-1] == "It left today."


def test_no_secret_that_was_given_is_ever_printed(connected: ConnectingWorld) -> None:
    connected.run("accounts", "list")
    connected.run("accounts", "show", f"facebook:{PAGE}")
    connected.connect_page("--title", "Acme again")
    printed = "".join(connected.outputs)
    assert not [secret for secret in GIVEN if secret in printed]


def test_verification_and_call_secrets_are_stored_apart(connected: ConnectingWorld) -> None:
    secrets = connected.app.secrets
    assert set(secrets.verification(PLATFORM, "facebook", "facebook")) == {"app_secret", "verify_token"}
    assert secrets.credentials(PLATFORM, "facebook", PAGE) == {"page_token": "page-token-of-ours"}
    assert set(secrets.verification(HELPDESK, "zendesk", "zendesk")) == {"signing_secret"}
    assert set(secrets.credentials(HELPDESK, "zendesk", "zendesk")) == {"email", "api_token"}


@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        ({**PAGE_SECRETS, "page_token": "wrong-token-1"}, "does not accept this"),
        ({"app_secret": APP_SECRET}, "page_token"),
        ({**PAGE_SECRETS, "colour": "red"}, "unknown colour"),
    ],
    ids=["a token that is refused", "a token that is missing", "a secret that does not exist"],
)
def test_what_is_not_good_is_said_and_nothing_is_stored(
    world: ConnectingWorld, secrets: dict[str, str], words: str
) -> None:
    world.connect_desk()
    before = directory(world)
    result = world.connect_page(secrets=secrets)
    assert result.exit_code == 1
    assert words in result.output
    assert directory(world) == before
    for read in (
        lambda: world.app.secrets.credentials(PLATFORM, "facebook", PAGE),
        lambda: world.app.secrets.verification(PLATFORM, "facebook", "facebook"),
    ):
        with pytest.raises(ConfigurationError):
            read()
    assert "wrong-token-1" not in result.output


def test_a_page_needs_a_helpdesk_first(world: ConnectingWorld) -> None:
    result = world.connect_page()
    assert result.exit_code == 1
    assert "careloop connect zendesk" in result.output


def test_secrets_can_not_be_said_on_the_command_line(world: ConnectingWorld) -> None:
    for name in ("--page-token", "--token", "--secret"):
        assert world.run("connect", "facebook", PAGE, name, "x").exit_code == 2
    assert world.connect_page("--option", "page_token=abc").exit_code == 1


def test_running_it_again_changes_only_what_is_given(connected: ConnectingWorld) -> None:
    token = connected.app.secrets.verification(PLATFORM, "facebook", "facebook")["verify_token"]
    assert connected.run("connect", "directory").exit_code == 0
    again = connected.run("connect", "facebook", PAGE, "--title", "Acme Care", "--crm", "directory", "--no-test")
    assert again.exit_code == 0, again.output
    [account] = connected.system.stores.directory.accounts()
    assert (account.title, account.crms, account.helpdesk, account.endpoint) == (
        "Acme Care",
        ("directory",),
        "zendesk",
        "facebook",
    )
    assert connected.app.secrets.verification(PLATFORM, "facebook", "facebook")["verify_token"] == token
    assert "Callback URL" not in again.output


def test_messenger_shares_the_pages_address_and_its_secrets(connected: ConnectingWorld) -> None:
    result = connected.run(
        "connect", "messenger", PAGE, "--url", API, "--wait", "0", secrets={"page_token": "page-token-of-ours"}
    )
    assert result.exit_code == 0, result.output
    assert f"Callback URL: {FACEBOOK_HOOK}" in result.output
    assert len([item for item in connected.system.stores.directory.endpoints() if item.kind is PLATFORM]) == 1
    assert "/webhooks/platform/messenger" not in connected.run("accounts", "list").output


def test_an_address_that_does_not_answer_is_said_and_the_account_stays(world: ConnectingWorld) -> None:
    world.connect_desk()
    world.api.asleep = True
    result = world.connect_page()
    assert result.exit_code == 1
    assert "/health answers 502" in result.output
    assert len(world.system.stores.directory.accounts()) == 1


def test_where_nothing_is_deployed_the_address_is_left_open(world: ConnectingWorld, tmp_path: Path) -> None:
    result = world.run(
        "connect", "zendesk", "--option", "subdomain=acme", "--local", str(tmp_path / "x"),
        secrets={"signing_secret": "s", "email": "careloop@acme.example", "api_token": API_TOKEN},
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "say --url" in result.output
    assert "https://<your API>/webhooks/helpdesk/zendesk/zendesk" in result.output


def test_the_address_is_chalices_own_record(tmp_path: Path) -> None:
    file = tmp_path / "dev.json"
    file.write_text(
        '{"resources":[{"name":"inbound","resource_type":"lambda_function"},{"name":"rest_api",'
        '"resource_type":"rest_api","rest_api_url":"https://abc.execute-api.eu-central-1.amazonaws.com/api/"}]}'
    )
    assert api_url("dev", tmp_path) == "https://abc.execute-api.eu-central-1.amazonaws.com/api"
    assert api_url("prod", tmp_path) is None
    file.write_text("{")
    with pytest.raises(ConfigurationError):
        api_url("dev", tmp_path)


def test_x_is_registered_and_subscribed_with_its_own_address(world: ConnectingWorld) -> None:
    world.connect_desk()
    login = world.x.authorise()
    secrets = {"consumer_secret": "consumer-secret-1", "app_bearer_token": world.x.access.app["bearer_token"], **login}
    result = world.run("connect", "x", world.x.brand, "--url", API, "--wait", "0", secrets=secrets)
    assert result.exit_code == 0, result.output
    world.clock.advance(minutes=1)
    assert f"x:{world.x.brand}: well" in world.run("check", f"x:{world.x.brand}").output
    [hook] = world.x.hooks.data["webhooks"]
    assert hook["url"] == f"{API}/webhooks/platform/x/x"
    assert hook["valid"]
    assert len(world.x.hooks.data["subscriptions"]) >= 9
    assert not [value for value in secrets.values() if value in result.output]


def test_a_refresh_token_that_is_good_for_one_use_survives_the_check(world: ConnectingWorld) -> None:
    world.connect_desk()
    login = {name: value for name, value in world.x.authorise().items() if name != "access_token"}
    secrets = {"consumer_secret": "consumer-secret-1", **login}
    assert world.run("connect", "x", world.x.brand, "--no-test", secrets=secrets).exit_code == 0
    account = world.system.stores.directory.get_account(AccountKey(platform="x", account=AccountId(world.x.brand)))
    world.clock.advance(hours=3)
    assert "X answers" in world.app.runtime.connectors.platform(account).probe()  # type: ignore[attr-defined]
    again = world.run("connect", "x", world.x.brand, "--no-test", secrets=secrets)
    assert again.exit_code == 0, again.output


def test_an_old_login_does_not_hide_that_the_new_password_is_wrong(world: ConnectingWorld) -> None:
    world.connect_desk()
    did = "did:plc:acme"
    first = world.run("connect", "bluesky", did, secrets={"app_password": "abcd-efgh-ijkl-mnop"})
    assert first.exit_code == 0, first.output
    assert "a test event is in the inbound queue" in first.output
    wrong = world.run("connect", "bluesky", did, secrets={"app_password": "none-none-none-none"})
    assert wrong.exit_code == 1
    assert world.app.secrets.credentials(PLATFORM, "bluesky", did) == {"app_password": "abcd-efgh-ijkl-mnop"}
    assert "notifications can be read" in world.run("check", did).output


class Stopping:
    """Passes everything on until the named method is called: then it stops, as a killed process does."""

    def __init__(self, whole: object, method: str) -> None:
        self._whole, self._method = whole, method

    def __getattr__(self, name: str) -> object:
        if name == self._method:
            raise KeyboardInterrupt
        return getattr(self._whole, name)


@pytest.mark.parametrize("method", ["put_credentials", "put_verification"])
def test_a_stop_between_two_writes_leaves_nothing_that_works_half(world: ConnectingWorld, method: str) -> None:
    world.connect_desk()
    whole = world.app
    world.app = dataclasses.replace(whole, secrets=Stopping(whole.secrets, method))  # type: ignore[arg-type]
    world.connect_page()
    world.app = whole
    assert directory(world) == (0, 1, 1)
    assert world.connect_page().exit_code == 0
    assert directory(world) == (1, 1, 2)


def test_ctrl_c_waits_for_the_end_of_the_writes() -> None:
    done = []

    def write() -> None:
        with storing.uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("written")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert done == ["written"]


# -- rotating ----------------------------------------------------------------------------------------------------------


def handshake(world: ConnectingWorld, token: str) -> int:
    """What our answer to the vendor's handshake was."""
    return world.meta.hooks.subscribe(world.deliver, FACEBOOK_HOOK, token, list(ALL_FIELDS))


def test_both_verify_tokens_are_good_until_the_rotation_is_finished(connected: ConnectingWorld) -> None:
    name = f"facebook:{PAGE}"
    old = connected.app.secrets.verification(PLATFORM, "facebook", "facebook")["verify_token"][0]
    begun = connected.run("rotate", name, "--field", "verify_token")
    assert begun.exit_code == 0, begun.output
    new = shown_value(begun.output, "The new value, shown this once:")
    assert handshake(connected, old) == 200
    connected.work()
    unproved = connected.run("rotate", name, "--field", "verify_token", "--finish")
    assert unproved.exit_code == 1
    assert "--force" in unproved.output
    assert connected.run("rotate", name, "--field", "verify_token").exit_code == 1
    assert handshake(connected, new) == 200
    connected.work()
    assert connected.run("rotate", name, "--field", "verify_token", "--finish").exit_code == 0
    assert handshake(connected, new) == 200
    assert handshake(connected, old) == 403
    assert "there is nothing" in connected.run("rotate", name, "--field", "verify_token", "--finish").output


def test_a_signing_secret_is_proved_by_a_webhook_of_the_vendor(connected: ConnectingWorld) -> None:
    name = f"facebook:{PAGE}"
    handshake(connected, connected.app.secrets.verification(PLATFORM, "facebook", "facebook")["verify_token"][0])
    post = connected.meta.page_post("Hello")
    kim = connected.meta.add_user("Kim")
    begun = connected.run("rotate", name, "--field", "app_secret", secrets={"app_secret": "the-next-app-secret"})
    assert begun.exit_code == 0, begun.output
    assert "the-next-app-secret" not in begun.output
    connected.meta.comment(kim, post, "signed with the old one")
    connected.work()
    assert connected.run("rotate", name, "--field", "app_secret", "--finish").exit_code == 1
    connected.meta.hooks.app_secret = "the-next-app-secret"
    connected.meta.comment(kim, post, "signed with the new one")
    connected.work()
    assert connected.run("rotate", name, "--field", "app_secret", "--finish").exit_code == 0
    assert connected.app.secrets.verification(PLATFORM, "facebook", "facebook")["app_secret"] == (
        "the-next-app-secret",
    )
    assert len(connected.desk.snapshot()["tickets"][0]["comments"]) >= 2


def test_an_earlier_rotations_proof_does_not_count(connected: ConnectingWorld) -> None:
    name, field = f"facebook:{PAGE}", ("--field", "verify_token")
    first = shown_value(connected.run("rotate", name, *field).output, "once:")
    handshake(connected, first)
    connected.work()
    assert connected.run("rotate", name, *field, "--finish").exit_code == 0
    connected.clock.advance(minutes=10)
    connected.run("rotate", name, *field)
    assert connected.run("rotate", name, *field, "--finish").exit_code == 1
    assert connected.run("rotate", name, *field, "--finish", "--force").exit_code == 0
    assert handshake(connected, first) == 403


def test_what_can_not_be_rotated_is_said(connected: ConnectingWorld) -> None:
    connected.run("connect", "bluesky", "did:plc:acme", secrets={"app_password": "abcd-efgh-ijkl-mnop"})
    for arguments, words in (
        (("did:plc:acme",), "has no webhook"),
        ((f"facebook:{PAGE}",), "say --field"),
        (("nobody",), "there are 0"),
    ):
        result = connected.run("rotate", *arguments)
        assert result.exit_code == 1
        assert words in result.output


# -- what is shown ------------------------------------------------------------------------------------------------------


def test_steps_alone_store_nothing(world: ConnectingWorld) -> None:
    result = world.run("connect", "telegram", "--steps", "--url", API)
    assert result.exit_code == 0
    assert "secret_token" in result.output
    assert f"{API}/webhooks/platform/telegram/<endpoint>" in result.output
    assert directory(world) == (0, 0, 0)


# -- as it is typed ----------------------------------------------------------------------------------------------------


def answered(terminal: int, process: subprocess.Popen[bytes], answers: dict[str, str]) -> str:
    """Answer each prompt when it comes; what was seen on the terminal."""
    seen, waiting = "", dict(answers)
    while process.poll() is None or select.select([terminal], [], [], 0)[0]:
        if not select.select([terminal], [], [], 60)[0]:
            raise AssertionError(f"nothing more came after: {seen[-500:]}")
        try:
            seen += os.read(terminal, 4096).decode()
        except OSError:  # the other side is closed
            break
        for question, answer in list(waiting.items()):
            if re.search(question, seen):
                del waiting[question]
                os.write(terminal, answer.encode() + b"\n")
    assert not waiting, f"never asked: {list(waiting)}; seen: {seen}"
    return seen


def test_at_a_terminal_over_real_http_secrets_are_asked_for_unseen(tmp_path: Path) -> None:
    import app as chalice_app

    state = tmp_path / "state.sqlite3"
    app = open_application(state)
    bootstrap.install(app)
    api, desk = serve(chalice_app.app), serve_twin(ZendeskTwin(SystemClock(), api_token=API_TOKEN))
    terminal, other = os.openpty()
    command = [
        sys.executable,
        "-c",
        "from careloop.cli.main import main; main()",
        "connect",
        "zendesk",
        "--local",
        str(state),
    ]
    command += ["--url", f"http://127.0.0.1:{api.server_port}"]
    command += ["--option", f"base_url=http://127.0.0.1:{desk.server_port}"]
    try:
        with subprocess.Popen(command, stdin=other, stdout=other, stderr=other, start_new_session=True) as process:
            os.close(other)
            seen = answered(
                terminal,
                process,
                {
                    r"A name for this helpdesk \[zendesk\]:": "",
                    r"Option subdomain: [^\n]*such as acme:": "acme",
                    r"Option webhook_id: [^\n]*:": "",
                    r"Option trigger_id: [^\n]*:": "",
                    r"signing_secret: [^\n]*:": "secret-of-the-webhook",
                    r"(?m)email: [^\n]*leave out\):": "careloop@acme.example",
                    r"api_token: API token [^\n]*leave out\):": API_TOKEN,
                    r"access_token: [^\n]*leave out\):": "",
                },
            )
            assert process.wait(60) == 0, seen
    finally:
        os.close(terminal)
        for server in (api, desk):
            server.shutdown()
            server.server_close()
        bootstrap.install(None)
    assert "First, at the vendor:" in seen
    assert "a signed webhook is accepted" in seen
    assert "secret-of-the-webhook" not in seen
    assert API_TOKEN not in seen
    assert app.secrets.verification(HELPDESK, "zendesk", "zendesk") == {"signing_secret": ("secret-of-the-webhook",)}
