"""Checks of accounts, helpdesks, CRMs and webhook addresses. No token is renewed, nothing is subscribed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from careloop.connecting.address import home_of, path_of
from careloop.connecting.reaching import Address, Reached, reach, reach_health
from careloop.connecting.subscribing import client_of
from careloop.connecting.trial import whose
from careloop.doctoring.findings import Finding, bad, good, unseen, warn
from careloop.doctoring.patient import Patient
from chalicelib.adapters.secret_documents import credentials_name, verification_name
from chalicelib.connectors import registry
from chalicelib.core.account import Account, Connection, Endpoint
from chalicelib.core.errors import (
    CareloopError,
    ConfigurationError,
    CredentialsError,
    NeedsHumanError,
    NotSubscribedError,
    RateLimitedError,
    RetryableError,
    UnsupportedError,
)
from chalicelib.core.rhythm import judge, learn
from chalicelib.pipeline.alarms import of_account
from chalicelib.pipeline.poll import added_name
from chalicelib.ports.platform import ManagesSubscription, ProbesHealth, TellsExpiry
from chalicelib.ports.spec import CredentialField, UsedFor
from chalicelib.settings import Settings

Subject = Account | Connection
AUDITED = timedelta(days=2)
"""A daily audit may have been missed once."""
MOST_LATELY = 500


def subjects(patient: Patient) -> Sequence[Subject]:
    """All that has credentials of its own."""
    return [*patient.accounts(), *patient.connections()]


def label_of(subject: Subject) -> str:
    """As commands take it."""
    return str(subject.key) if isinstance(subject, Account) else subject.name


# -- secrets -----------------------------------------------------------------------------------------------------------


def credentials(patient: Patient, subject: Subject) -> Iterator[Finding]:
    """CALL fields: that all needed ones are stored, and how old they are."""
    kind, connector = whose(subject)
    name = subject.key.account if isinstance(subject, Account) else subject.name
    fields = [item for item in registry.spec(kind, connector).credentials if item.used_for is UsedFor.CALL]
    if not fields:
        yield good("it needs none")
        return
    command = f"careloop accounts secrets {label_of(subject)} {patient.where}"
    stored = _stored(lambda: patient.ready().secrets.credentials(kind, connector, name))
    if any(item.rotates for item in fields):
        yield _complete(fields, stored, command) or good("stored; they renew themselves")
        return
    secret = credentials_name(_prefix(patient), kind, connector, name) if patient.cloud else ""
    yield _complete(fields, stored, command) or _fresh(patient, secret, command)


def verification(patient: Patient, subject: Endpoint) -> Iterator[Finding]:
    """VERIFY fields of an endpoint: all of them stored, how old they are, and no rotation left half done."""
    fields = _fields(subject)
    name = _user_of(patient, subject)
    stored = _stored(lambda: patient.ready().secrets.verification(subject.kind, subject.connector, subject.name))
    missing = _complete(fields, stored, f"careloop accounts secrets {name} {patient.where}")
    if missing is not None:
        yield missing
        return
    rotating = [field for field, values in stored.items() if len(values) > 1]
    for field in rotating:
        finish = f"careloop rotate {name} --field {field} --finish {patient.where}"
        yield warn(f"{field} is being rotated: old and new value are good", finish)
    if not rotating:
        secret = verification_name(_prefix(patient), subject.kind, subject.connector, subject.name)
        yield _fresh(patient, secret if patient.cloud else "", f"careloop rotate {name} {patient.where}")


def _fields(endpoint: Endpoint) -> list[CredentialField]:
    spec = registry.spec(endpoint.kind, endpoint.connector)
    return [item for item in spec.credentials if item.used_for is UsedFor.VERIFY]


def _user_of(patient: Patient, endpoint: Endpoint) -> str:
    """An account or connection that stands at an endpoint: commands take these by name."""
    for item in subjects(patient):
        kind, connector = whose(item)
        if kind is not endpoint.kind or item.endpoint != endpoint.name:
            continue
        directory = patient.ready().runtime.stores.directory
        if home_of(directory, registry.spec(kind, connector), endpoint.name) == endpoint.connector:
            return label_of(item)
    return endpoint.name


def _stored(read: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return read()
    except ConfigurationError as error:
        if not str(error).endswith("is missing"):
            raise
        return {}


def _complete(fields: Sequence[CredentialField], stored: Mapping[str, Any], command: str) -> Finding | None:
    missing = [item.name for item in fields if item.required and not stored.get(item.name)]
    if missing or not stored:
        return bad(f"not stored: {', '.join(missing) or 'any of its secrets'}", command)
    return None


def _prefix(patient: Patient) -> str:
    return Settings.from_env(patient.aws()[1].environment).secrets_prefix if patient.cloud else ""


def _fresh(patient: Patient, secret: str, command: str) -> Finding:
    if not secret:
        return good("stored")
    cloud, _ = patient.aws()
    found = cloud.call("secretsmanager", "describe_secret", missing=("ResourceNotFoundException",), SecretId=secret)
    changed = (found or {}).get("LastChangedDate") or (found or {}).get("CreatedDate")
    if not isinstance(changed, datetime):
        return good("stored")
    days = (patient.clock.now() - changed).days
    if days > patient.old_secrets:
        return warn(f"stored {days} days ago, and not changed since", command)
    return good(f"stored, {max(days, 0)} days old")


# -- access ------------------------------------------------------------------------------------------------------------


def access(patient: Patient, subject: Subject) -> Iterator[Finding]:
    """That the remote lets us in, and may do what we need; by the probe that `careloop check` uses."""
    name = label_of(subject)
    client = client_of(patient.ready(), subject, patient=True)
    if not isinstance(client, ProbesHealth):
        yield good("there is nothing to ask")
        return
    renew, check = f"careloop accounts secrets {name} {patient.where}", f"careloop check {name} {patient.where}"
    try:
        told = client.probe()
    except NotSubscribedError as error:
        yield good(f"the access is good; {error}")
    except CredentialsError as error:
        yield bad(f"{'the access is dead' if error.dead else 'a right is missing'}: {error.advice}", renew)
    except RateLimitedError:
        yield unseen("it asks for patience", check)
    except RetryableError as error:
        yield warn(f"it can't be reached now: {error.code}", check)
    except NeedsHumanError as error:
        yield bad(error.advice, check)
    except CareloopError as error:
        yield bad(f"it refuses: {error.code}: {error}", renew)
    else:
        yield good(told)


def expiry(patient: Patient, subject: Subject) -> Iterator[Finding]:
    """When the access ends, where that can be asked without renewing anything."""
    client = client_of(patient.ready(), subject, patient=True)
    if not isinstance(client, TellsExpiry):
        return
    try:
        ends = client.access_ends()
    except CredentialsError:
        yield unseen("the access is not good")
        return
    if ends is None:
        yield good("no end, or nobody can tell")
        return
    left = ends - patient.clock.now()
    if left <= patient.ready().runtime.policy.warn_before_expiry:
        renew = f"careloop accounts secrets {label_of(subject)} {patient.where}"
        yield warn(f"the access ends on {ends:%Y-%m-%d %H:%M} UTC, in {max(0, left.days)} days", renew)
    else:
        yield good(f"until {ends:%Y-%m-%d}")


def subscription(patient: Patient, subject: Subject) -> Iterator[Finding]:
    """That the remote tells us what happens."""
    client = client_of(patient.ready(), subject, patient=True)
    if not isinstance(client, ManagesSubscription):
        return
    try:
        missing = client.missing_subscriptions()
    except UnsupportedError as error:
        yield unseen(str(error), f"careloop connect {whose(subject)[1]} {_own_name(subject)} {patient.where}")
        return
    except CredentialsError:
        yield unseen("the access is not good")
        return
    if missing:
        yield bad(f"it does not tell us of {', '.join(missing)}", f"careloop check {label_of(subject)} {patient.where}")
    else:
        yield good("it tells us all that we need")


def _own_name(subject: Subject) -> str:
    return subject.key.account if isinstance(subject, Account) else subject.name


# -- addresses ---------------------------------------------------------------------------------------------------------


def api(patient: Patient, subject: Any) -> Iterator[Finding]:
    """That the API answers."""
    if patient.api is None:
        if patient.stage is not None:
            told = f"nothing tells the API's address: {patient.project.record(patient.stage.name)} is not there"
            yield unseen(told, f"careloop bind --before --stage {patient.stage.name}")
        return
    found = reach_health(patient.api, patient.http)
    if found.reached is Reached.GOOD:
        yield good(f"{patient.api} answers")
    else:
        stage = patient.stage.name if patient.stage else ""
        yield bad(found.told, f"make deploy STAGE={stage}" if stage else "careloop sandbox")


def webhook(patient: Patient, subject: Endpoint) -> Iterator[Finding]:
    """That the address answers as the vendor needs it: with the stored secrets, by a webhook that makes no event."""
    if patient.api is None:
        if patient.stage is not None:
            yield unseen("the API's address is not known")
        return
    stored = _stored(lambda: patient.ready().secrets.verification(subject.kind, subject.connector, subject.name))
    if _complete(_fields(subject), stored, "") is not None:
        yield unseen("not all of its secrets are stored")
        return
    address = Address(
        api=patient.api,
        path=path_of(subject.kind, subject.connector, subject.name),
        kind=subject.kind,
        connector=subject.connector,
        secrets=stored,
    )
    last = reach(address, patient.http, patient.clock)[-1]
    if last.reached is Reached.GOOD:
        yield good(f"{address.url}: {last.told}")
    elif last.step == "health":
        yield unseen("the API does not answer")
    elif last.reached is Reached.NOT_YET:
        look = (
            f"chalice logs --stage {patient.stage.name}" if patient.stage else f"careloop accounts list {patient.where}"
        )
        yield bad(f"{address.url}: {last.told}; for five minutes after a change that is normal", look)
    else:
        yield bad(f"{address.url}: {last.told}", f"careloop connect {subject.connector} {patient.where}")


# -- life --------------------------------------------------------------------------------------------------------------


def silence(patient: Patient, subject: Account) -> Iterator[Finding]:
    """The last event, held against the account's own rhythm."""
    stores, now = patient.ready().runtime.stores, patient.clock.now()
    about = of_account(subject.key)
    health = stores.health.find_health(f"{about.kind}|{about.name}")
    if health is None or health.rhythm is None:
        recent = stores.ledger.recent(subject.key, since=now - timedelta(days=7), limit=1)
        yield good(f"last event {recent[0].first_seen_at:%Y-%m-%d %H:%M} UTC" if recent else "no event yet")
        return
    entries = stores.ledger.recent(subject.key, since=health.rhythm.until, limit=MOST_LATELY)
    found = judge(learn(health.rhythm, (item.first_seen_at for item in entries), now), now)
    last = f"last event {found.since:%Y-%m-%d %H:%M} UTC" if found.since else "no event yet"
    if found.is_unusual:
        yield warn(f"{last}: unusual for it at such hours", f"careloop check {subject.key} {patient.where}")
    else:
        yield good(last)


def checked(patient: Patient, subject: Subject) -> Iterator[Finding]:
    """That the scheduled checks look at it."""
    kind = "account" if isinstance(subject, Account) else subject.kind.value
    runtime = patient.ready().runtime
    health = runtime.stores.health.find_health(f"{kind}|{label_of(subject)}")
    check = f"careloop check {label_of(subject)} {patient.where}"
    if health is None:
        yield unseen("it was not looked at yet", check)
        return
    age = patient.clock.now() - health.checked_at
    late = 2 * runtime.policy.check_every + timedelta(minutes=10)
    if age > late:
        yield warn(f"last looked at {health.checked_at:%Y-%m-%d %H:%M} UTC: the checks are late", check)
    else:
        yield good(f"looked at {int(age.total_seconds() // 60)} minutes ago")


def audited(patient: Patient, subject: Account) -> Iterator[Finding]:
    """That the daily audit reaches it."""
    stores, now = patient.ready().runtime.stores, patient.clock.now()
    last = stores.reports.last_report(subject.key)
    added = stores.cursors.find_cursor(added_name(subject.key))
    since = last.until if last else datetime.fromisoformat(added) if added else None
    command = f"careloop audit --since 24h --account {subject.key} {patient.where}"
    if since is not None and now - since > AUDITED:
        yield warn(f"last audited up to {since:%Y-%m-%d %H:%M} UTC" if last else "never audited", command)
    else:
        yield good(f"audited up to {last.until:%Y-%m-%d %H:%M} UTC" if last else "not yet: it is new")
