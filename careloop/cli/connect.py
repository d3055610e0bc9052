"""`careloop connect`: an assistant, from what to make on the vendor's side to a test event."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.markup import escape

from careloop.cli.backend import console, errors, with_application
from careloop.cli.inputs import asked, from_file, is_somebody_there
from careloop.connecting.address import api_url, path_of
from careloop.connecting.guide import UNKNOWN_ADDRESS, Guide, guide_of
from careloop.connecting.plan import Given, Plan, begin, kind_of, made_here, make_plan
from careloop.connecting.reaching import Address, Attempt, Reached, reach
from careloop.connecting.storing import put_endpoint, put_subject, store_secrets, stored_verification, uninterrupted
from careloop.connecting.subscribing import subscribe
from careloop.connecting.trial import UNASKED, make_trial
from chalicelib.bootstrap import Application
from chalicelib.connectors import registry
from chalicelib.connectors.factory import ConnectorFactory
from chalicelib.core.account import Account
from chalicelib.core.errors import CareloopError, ConfigurationError, NeedsHumanError, RetryableError
from chalicelib.core.events import Canary, Parsed
from chalicelib.core.ids import AccountId
from chalicelib.pipeline.receive import envelope_messages
from chalicelib.ports.spec import UsedFor

PAUSE = 15.0
"""Seconds between two tries of an address that still remembers what was before."""
FORGETS = 330
"""Seconds: the public function remembers secrets for five minutes (adapters/aws/secrets.py)."""


@click.command()
@click.argument("connector", metavar="PLATFORM|HELPDESK|CRM")
@click.argument("name", required=False)
@click.option("--kind", help="Where a product is both: platform, helpdesk or crm.")
@click.option("--title", help="What agents and operators call it.")
@click.option("--helpdesk", help="Platform: the helpdesk connection that its cases go to.")
@click.option("--crm", "crms", multiple=True, help="Platform: a CRM connection to ask for authors (repeatable).")
@click.option("--handle", help="Platform: the account's own handle.")
@click.option("--endpoint", help="The webhook endpoint's name; several accounts of one app share one.")
@click.option(
    "--option", "options", multiple=True, metavar="NAME=VALUE", help="A setting of the connector (repeatable)."
)
@click.option(
    "--secrets", "secrets_file", type=click.File("r"), help='A JSON object of secrets; "-" is standard input.'
)
@click.option("--url", help="The API's address, where it is not the one that `chalice url` prints.")
@click.option("--steps", is_flag=True, help="Only print what to do on the vendor's side.")
@click.option("--test/--no-test", "tests", default=True, help="Call the webhook's address as the vendor would.")
@click.option(
    "--wait",
    type=click.IntRange(0, 3600),
    default=FORGETS,
    show_default=True,
    help="Seconds to wait for an address that still remembers what was before.",
)
@with_application
def connect(app: Application, connector: str, name: str | None, **choices: Any) -> None:
    """Connect an account, a helpdesk or a CRM step by step: what to make at the vendor, credentials (by prompt or
    --secrets, never on the command line), a live check before anything is stored, subscription, a test webhook.

    NAME: the account's id on the platform, or a name of yours for a helpdesk or CRM. For what is connected already,
    only what is given changes.
    """
    kind = kind_of(connector, choices["kind"])
    spec = registry.spec(kind, connector)
    guide = guide_of(kind, spec)
    api = _api(choices["url"])
    if choices["steps"]:
        address = f"{api or UNKNOWN_ADDRESS}{path_of(kind, connector, choices['endpoint'] or '<endpoint>')}"
        made = {item.name: "(one is made for you)" for item in spec.credentials if item.made_here}
        values = {"name": name or connector, "account": name or "<id>", "webhook": address, **made}
        _steps(guide, "first", values)
        _steps(guide, "then", values)
        return
    given = Given(
        name=name,
        title=choices["title"],
        helpdesk=choices["helpdesk"],
        crms=choices["crms"],
        handle=choices["handle"],
        endpoint=choices["endpoint"],
        options=dict(item.partition("=")[::2] for item in choices["options"]),
    )
    start = begin(app, spec, given, _ask)
    address = start.webhook(kind, api)
    if start.known is None and is_somebody_there():
        _steps(guide, "first", {"name": start.name, "account": start.name, "webhook": address})
    plan = make_plan(app, spec, guide, given, start, _ask, api=api)
    secrets = _secrets(plan, choices["secrets_file"])
    made = made_here(plan, secrets)
    _check_and_store(app, plan, {**secrets, **made})
    told = _finish(app, plan, api, tests=choices["tests"], wait=choices["wait"])
    if plan.is_new or made:
        own = {item.name: made.get(item.name, "(the one that you have)") for item in plan.fields if item.made_here}
        _steps(guide, "then", {"name": plan.name, "account": plan.name, "webhook": address, **own})
    console.print(f"See that it works: careloop check {plan.label}", highlight=False, soft_wrap=True)
    if isinstance(plan.subject, Account):
        console.print(f"That nothing is lost: careloop audit --since 24h --account {plan.label}", highlight=False)
    if not told:
        raise SystemExit(1)


def _api(url: str | None) -> str | None:
    if url is not None:
        if not url.startswith(("https://", "http://")):
            raise ConfigurationError("--url: an address that begins with https:// is expected")
        return url.rstrip("/")
    parameters = click.get_current_context().params
    return None if parameters.get("local") else api_url(parameters.get("stage"))


def _ask(question: str, nothing: str | None) -> str:
    """By prompt; where nobody is there, what counts when nothing is said."""
    if is_somebody_there():
        answer: str = click.prompt(question, default=nothing, show_default=bool(nothing), err=True)
        return answer.strip()
    if nothing is None:
        raise ConfigurationError(f"not given: {question}")
    return nothing


def _secrets(plan: Plan, file: Any) -> dict[str, str]:
    fields = plan.wanted()
    values = from_file(fields, file) if file is not None else asked(fields, plan.hints()) if fields else {}
    missing = [item.name for item in fields if item.required and not values.get(item.name)]
    if missing:
        raise ConfigurationError(f"secrets are missing: {', '.join(missing)}")
    return {field: value for field, value in values.items() if value}


def _steps(guide: Guide, part: str, values: Mapping[str, str]) -> None:
    console.print("First, at the vendor:" if part == "first" else "Now, at the vendor:", style="bold")
    console.print(guide.filled(part, values), markup=False, highlight=False, soft_wrap=True)


# -- checking and storing ----------------------------------------------------------------------------------------------


def _check_and_store(app: Application, plan: Plan, secrets: Mapping[str, str]) -> None:
    """Nothing is stored before the remote has said that the access is good; then all of it, whatever is pressed."""
    calls = {item.name for item in plan.spec.credentials if item.used_for is UsedFor.CALL}
    credentials = {**plan.credentials, **{field: value for field, value in secrets.items() if field in calls}}
    with uninterrupted():
        try:
            trial = make_trial(app, plan.subject, credentials)
        except CareloopError as error:
            _not_good(plan, error)
        store_secrets(app, plan.spec, plan.name, plan.home, secrets)
        trial.sessions.keep()
        put_subject(app, plan.subject)
        if plan.home:
            put_endpoint(app, plan.spec.kind, *plan.home, AccountId(plan.name))
    if trial.told != UNASKED:
        _done(f"{plan.spec.title}: {trial.told}")
    _done(f"{plan.label} is {'connected' if plan.is_new else 'changed'}, goes to {_goes(plan.subject)}")


def _goes(subject: Any) -> str:
    return ", ".join((subject.helpdesk, *subject.crms)) if isinstance(subject, Account) else subject.title


def _not_good(plan: Plan, error: CareloopError) -> None:
    advice = f" {error.advice}" if isinstance(error, NeedsHumanError) else ""
    later = " It may be down: try again." if isinstance(error, RetryableError) else ""
    errors.print(
        f"{plan.spec.title} does not accept this: {error.code}: {error}.{advice}{later}",
        style="red",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    errors.print("Nothing was stored.")
    raise SystemExit(1)


# -- what is left ------------------------------------------------------------------------------------------------------


def _finish(app: Application, plan: Plan, api: str | None, *, tests: bool, wait: int) -> bool:
    """Subscribe, and test. False: something does not work as it should."""
    well, told = subscribe(app, plan.subject)
    if well is not None or plan.home:
        (_left if well is False else _done)(told)
    if tests and plan.home and api:
        attempts = _test_address(app, plan, api, wait)
        return well is not False and all(item.reached is Reached.GOOD for item in attempts)
    if tests and isinstance(plan.subject, Account) and not plan.home:
        event = Canary(account=plan.subject.key, at=app.runtime.clock.now())
        app.runtime.queues.inbound.send(envelope_messages(Parsed(events=(event,)), event.at, None))
        _done("a test event is in the inbound queue; the check sees whether it came through")
    elif plan.home and not api:
        _left("the address was not tested: nothing is deployed from here; say --url")
    return well is not False


def _test_address(app: Application, plan: Plan, api: str, wait: int) -> Sequence[Attempt]:
    """Ask again while the public function may still remember what was before. Ctrl-C does no harm: all is stored."""
    assert plan.home is not None
    factory = app.runtime.connectors
    assert isinstance(factory, ConnectorFactory)
    connector, endpoint = plan.home
    address = Address(
        api=api,
        path=path_of(plan.spec.kind, connector, endpoint),
        kind=plan.spec.kind,
        connector=connector,
        secrets=stored_verification(app, plan.spec.kind, connector, endpoint),
    )
    waited = 0.0
    while True:
        attempts = reach(address, factory.http, factory.clock)
        if attempts[-1].reached is not Reached.NOT_YET or waited >= wait:
            break
        if not waited:
            console.print("The public function remembers secrets for five minutes; waiting for it ...", style="dim")
        time.sleep(PAUSE)
        waited += PAUSE
    for item in attempts:
        (_done if item.reached is Reached.GOOD else _left)(f"{address.url}: {item.told}")
    return attempts


def _done(words: str) -> None:
    console.print("[green]done[/green] ", escape(words), highlight=False, soft_wrap=True)


def _left(words: str) -> None:
    console.print("[yellow]to do[/yellow]", escape(words), highlight=False, soft_wrap=True)
