"""All checks, in the order in which they are shown. A new check is a function and one row here."""

from __future__ import annotations

from careloop.doctoring import accounts, links, resources, work
from careloop.doctoring.findings import Check
from careloop.doctoring.patient import Patient

CHECKS: tuple[Check, ...] = (
    Check(group="settings", name="configuration", run=resources.settings),
    Check(group="settings", name="names", run=resources.names),
    Check(group="settings", name="credentials", run=work.credentials),
    Check(group="settings", name="clock", run=work.clock),
    Check(group="state", name="table", run=resources.resource("table")),
    Check(group="state", name="table's keys", run=resources.table_keys),
    Check(group="state", name="queue", run=resources.resource("queue"), subjects=resources.queues),
    Check(group="state", name="visibility", run=resources.visibility, subjects=resources.consumers),
    Check(group="state", name="archive", run=resources.resource("archive")),
    Check(group="state", name="archive's policy", run=resources.resource("archive's policy")),
    Check(group="state", name="log groups", run=resources.resource("log groups")),
    Check(group="state", name="alarms", run=resources.resource("alarms")),
    Check(group="functions", name="function", run=resources.function, subjects=resources.functions),
    Check(group="functions", name="runtime", run=resources.runtimes),
    Check(group="functions", name="event source", run=resources.event_source, subjects=resources.consumers),
    Check(group="functions", name="schedule", run=resources.schedule, subjects=resources.schedules),
    Check(group="webhooks", name="API", run=accounts.api, local=True),
    Check(group="webhooks", name="secrets", run=accounts.verification, subjects=Patient.endpoints, local=True),
    Check(group="webhooks", name="address", run=accounts.webhook, subjects=Patient.endpoints, local=True),
    Check(group="webhooks", name="links", run=links.links, local=True),
    Check(group="accounts", name="secrets", run=accounts.credentials, subjects=accounts.subjects, local=True),
    Check(group="accounts", name="access", run=accounts.access, subjects=accounts.subjects, local=True),
    Check(group="accounts", name="expiry", run=accounts.expiry, subjects=accounts.subjects, local=True),
    Check(group="accounts", name="subscription", run=accounts.subscription, subjects=accounts.subjects, local=True),
    Check(group="accounts", name="breaker", run=work.breaker, subjects=accounts.subjects, local=True),
    Check(group="accounts", name="checks", run=accounts.checked, subjects=accounts.subjects, local=True),
    Check(group="accounts", name="rhythm", run=accounts.silence, subjects=Patient.accounts, local=True),
    Check(group="accounts", name="audit", run=accounts.audited, subjects=Patient.accounts, local=True),
    Check(group="work", name="queue", run=work.depth, subjects=work.work_queues, local=True),
    Check(group="work", name="dead letters", run=work.dead_letters, local=True),
    Check(group="work", name="parked", run=work.parked, local=True),
    Check(group="work", name="alarms", run=work.alarms, local=True),
    Check(group="work", name="due", run=work.due, local=True),
)
