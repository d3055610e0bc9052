"""The rules that the data sheet, the page and the cases of every helpdesk and CRM must keep, one function each."""

from __future__ import annotations

import re

from chalicelib.ports.spec import UsedFor
from tests.contracts.cases import folder, load, stray_files
from tests.contracts.connections import ABILITIES, Connector, required_methods
from tests.contracts.signers import find_signer

HEADINGS = (
    "## What it does",
    "## What you need",
    "## Webhook / polling",
    "## Limits and facts",
    "## Traps",
    "## Level",
)
DATE = re.compile(r"\d{4}(-\d{2}){0,2}")
_CASE_KEYS = {
    *("call", "arguments", "exchange", "result", "error", "now", "sessions", "options", "contacts", "note"),
    *("retry_after", "remote_code", "advice", "survivor"),
}


def package_is_whole(subject: Connector, parts: tuple[str, ...]) -> None:
    missing = [part for part in parts if not (subject.package / part).is_file()]
    assert not missing, f"{subject.name} has no {missing}"


def sheet_is_complete(subject: Connector) -> None:
    spec = subject.spec
    assert spec.name == subject.name
    assert spec.title
    assert spec.kind is subject.kind
    for fact in spec.facts:
        assert fact.what, fact
        assert fact.source, fact
        assert DATE.fullmatch(fact.date), f"{fact.what}: the date {fact.date!r} is not YYYY, YYYY-MM or YYYY-MM-DD"


def credentials_and_options_are_described(subject: Connector) -> None:
    names = [item.name for item in subject.spec.credentials] + [item.name for item in subject.spec.options]
    assert len(set(names)) == len(names), "a name is used twice"
    for field in subject.spec.credentials:
        assert field.description, f"{field.name} has no description"
        assert field.example, f"{field.name} has no example"
    for option in subject.spec.options:
        assert option.description, f"{option.name} has no description"
    missing = [item for item in names if f"`{item}`" not in subject.page and not _is_grouped(item, subject.page)]
    assert not missing, f"README.md does not mention {missing} (in backticks)"


def _is_grouped(name: str, page: str) -> bool:
    """Options of one group may be described together: ``field.*`` or ``field.<name>``."""
    group = name.partition(".")[0]
    return "." in name and (f"`{group}.*`" in page or f"`{group}.<" in page)


def cases_have_what_the_sheet_names(subject: Connector) -> None:
    wanted = {use: {item.name for item in subject.spec.credentials if item.used_for is use} for use in UsedFor}
    required = {item.name for item in subject.spec.credentials if item.required}
    given = {UsedFor.VERIFY: set(subject.secrets), UsedFor.CALL: set(subject.credentials)}
    for use in UsedFor:
        assert given[use] <= wanted[use], f"connection.json has {use} credentials that SPEC does not name"
        assert given[use] >= wanted[use] & required, f"connection.json lacks {use} credentials that SPEC requires"
    for field, values in subject.secrets.items():
        assert len(values) >= 2, f"connection.json: {field} needs two values, for rotation"
    texts = [*subject.credentials.values(), *(value for values in subject.secrets.values() for value in values)]
    short = [text for text in texts if len(text) < 8]
    assert not short, f"connection.json: {short} are too short to be found when they leak (8 characters or more)"
    assert (find_signer(subject.kind, subject.name) is not None) == subject.verifies
    options = {item.name for item in subject.spec.options}
    used = set(subject.connection.options).union(*(case.data.get("options", {}) for case in subject.calls))
    assert used <= options, f"cases use options that SPEC does not name: {sorted(used - options)}"
    needed = {item.name for item in subject.spec.options if item.required}
    assert needed <= set(subject.connection.options), "connection.json lacks options that SPEC requires"


def connection_is_of_this_connector(subject: Connector) -> None:
    assert subject.connection.connector == subject.name
    assert subject.connection.kind is subject.kind


def no_case_is_left_unread(subject: Connector) -> None:
    assert list(stray_files(subject.kind, subject.name)) == []
    known = {"connection.json", "schema.json", "signer.py", "inbound", "calls"}
    known |= {"README.md", "__pycache__", "__init__.py"}
    strangers = {path.name for path in folder(subject.kind, subject.name).iterdir()} - known
    assert not strangers, f"no suite reads {sorted(strangers)}"
    for case in subject.calls:
        unknown = set(load(case.path)) - _CASE_KEYS
        assert not unknown, f"{case.name}: nothing reads {sorted(unknown)}"
        assert ("error" in case.data) != ("result" in case.data), f"{case.name}: a result or an error"


def page_has_the_headings(subject: Connector) -> None:
    found = [line for line in subject.page.splitlines() if line.startswith("## ")]
    positions = [next((at for at, line in enumerate(found) if line.startswith(head)), -1) for head in HEADINGS]
    missing = [head for head, at in zip(HEADINGS, positions, strict=True) if at < 0]
    assert not missing, f"README.md lacks {missing}"
    assert positions == sorted(positions), f"README.md's headings are not in the order {HEADINGS}"
    assert subject.page.startswith("# "), "README.md has no title"
    parts = re.split(r"^## .*$", subject.page, flags=re.MULTILINE)[1:]
    assert all(part.strip() for part in parts), "an empty section"
    if subject.spec.facts:
        section = subject.page.partition("## Limits and facts")[2].partition("\n## ")[0]
        assert re.search(r"\b20\d\d", section), "facts have a date"


def every_method_has_a_case(subject: Connector) -> None:
    able = {name for name in ABILITIES[subject.kind] if callable(getattr(subject.client_class, name, None))}
    needed = {*required_methods(subject.kind), *able}
    for method in required_methods(subject.kind):
        assert callable(getattr(subject.client_class, method, None)), f"the client has no {method}"
    succeeding = {case.data["call"] for case in subject.calls if "result" in case.data}
    assert needed <= succeeding, f"without a successful case in calls/: {sorted(needed - succeeding)}"
    assert succeeding <= needed, f"called in cases, not there: {sorted(succeeding - needed)}"
