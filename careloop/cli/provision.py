"""`careloop provision`: a stage's state, alarms and dashboard as one CloudFormation stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from careloop.cli.backend import console, errors, table
from careloop.cli.operating import Tools, agreed, with_tools
from careloop.deploying import provisioning
from careloop.deploying.cloud import DeployError
from careloop.deploying.drift import Difference, differences, key_arn
from careloop.deploying.policies import render_policies
from careloop.deploying.project import Stage
from careloop.deploying.stack import ChangeSet, Event, Stack
from careloop.deploying.template import Resolved, Template
from chalicelib.core.errors import ConfigurationError

NO_KEY = "arn:aws:kms:::key/none"
"""Stands for the key before there is one."""


@click.command()
@click.option("--stage", "name", default="dev", show_default=True, help="The stage of .chalice/config.json.")
@click.option("--yes", is_flag=True, help="Ask nothing. What would replace or remove data is refused all the same.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--alarm-email", help="Where alarms go by mail; kept until it is set anew.")
@click.option(
    "--parameter", "given", multiple=True, metavar="NAME=VALUE", help="A parameter of infra/stack.yaml (repeatable)."
)
@click.option(
    "--replace-logs", is_flag=True, help="Delete log groups that Lambda made by itself and that are in the way."
)
@with_tools
def provision(tools: Tools, name: str, **choices: Any) -> None:
    """Create or update a stage's key, table, queues, archive, alarms and dashboard (infra/stack.yaml).

    Shows what would change first. Safe to repeat: without changes it only looks whether all is as it should be.
    """
    stage = _stage(tools, name, yes=choices["yes"] or choices["dry_run"])
    parameters = {key: value for key, _, value in (item.partition("=") for item in choices["given"])}
    if choices["alarm_email"] is not None:
        parameters["AlarmEmail"] = choices["alarm_email"]
    run = _Run(tools, stage, yes=choices["yes"], dry_run=choices["dry_run"], replace_logs=choices["replace_logs"])
    run.all(parameters)


def _stage(tools: Tools, name: str, *, yes: bool) -> Stage:
    """The stage; one that the configuration lacks is added if the operator wants it."""
    project = tools.project
    known = project.stages()
    if name in known or not known:
        return project.stage(name)
    like = "dev" if "dev" in known else known[0]
    if yes or not agreed(f"{project.config} has no stage {name!r}. Add it, like {like!r}?", yes=False):
        raise ConfigurationError(
            f"no stage {name!r} in {project.config}; it has: {', '.join(known)}."
            f" careloop provision --stage {name} without --yes and --dry-run offers to add it"
        )
    project.add_stage(name, like)
    stage = project.stage(name)
    console.print(f"{project.config}: stage {name} added, like {like}.", highlight=False)
    return stage


class _Run:
    """One run for one stage."""

    def __init__(self, tools: Tools, stage: Stage, *, yes: bool, dry_run: bool, replace_logs: bool) -> None:
        self._cloud, self._project, self._stage = tools.cloud, tools.project, stage
        self._yes, self._dry_run, self._replace_logs = yes, dry_run, replace_logs
        self._template = Template.read(tools.project.template)
        self._stack = Stack(tools.cloud, provisioning.stack_name(stage))
        self._place = tools.cloud.place()

    def all(self, given: dict[str, str]) -> None:
        """Check, show, ask, change, look."""
        standing = self._stack.parameters()
        parameters = provisioning.parameters_for(self._stage, self._template, given, standing)
        names = provisioning.names_of(self._resolved(parameters))
        provisioning.check_names(self._stage, names)
        body = self._template.body
        if not self._dry_run:
            provisioning.make_ready(self._stack, lambda question: agreed(question, yes=self._yes))
        change_set = self._planned(body, parameters)
        if change_set is None:
            console.print(f"Stack {self._stack.name}: no changes.", highlight=False)
        else:
            print_changes(self._stack.name, change_set)
            if not self._carry_out(change_set, self._resolved(parameters)):
                return
        self._look(self._resolved(parameters))
        if not self._dry_run:
            self._write(names)

    def _planned(self, body: str, parameters: dict[str, str]) -> ChangeSet | None:
        status = self._stack.status()
        if self._dry_run and status is not None and not status.endswith("_COMPLETE"):
            raise DeployError(f"stack {self._stack.name} is {status}: run it without --dry-run, which mends that first")
        return self._stack.plan(body, parameters, {"careloop:stage": self._stage.name})

    def _carry_out(self, change_set: ChangeSet, resolved: Resolved) -> bool:
        """Execute what was shown; False when it is only looked at."""
        try:
            logs = self._may(change_set, resolved)
            wanted = not self._dry_run and agreed(f"Change stack {self._stack.name} so?", yes=self._yes)
        except BaseException:
            self._stack.forget(change_set)
            raise
        if not wanted:
            self._stack.forget(change_set)
            console.print("Nothing was changed.")
            if self._dry_run:
                return not change_set.creates
            raise SystemExit(1)
        provisioning.remove_logs(self._cloud, logs)
        with Progress(self._stack.name, len(change_set.changes)) as progress:
            self._stack.execute(change_set, progress)
        console.print(f"Stack {self._stack.name} is {self._stack.status()}.", highlight=False)
        return True

    def _may(self, change_set: ChangeSet, resolved: Resolved) -> list[str]:
        """Refuse what would lose data or fail; returns the log groups to be deleted first."""
        lost = provisioning.replaced(change_set.changes, self._template)
        if lost and not self._dry_run:
            words = (
                f"{', '.join(lost)} would be replaced or removed. What is in them stays, but nobody uses it any more."
            )
            if self._yes or not agreed(f"{words} Go on?", yes=False):
                raise DeployError(words)
        logs, others = provisioning.in_the_way(self._cloud, change_set.changes, resolved)
        if others:
            raise DeployError(
                f"there already, and not of stack {self._stack.name}: {', '.join(others)}. Remove or rename them, or"
                " bring them into the stack: CloudFormation console, Create stack, With existing resources (import)"
            )
        if logs and not self._dry_run and not self._replace_logs:
            words = f"Lambda has made these log groups itself, without an end: {', '.join(logs)}."
            if self._yes or not agreed(f"{words} Delete them with what is in them?", yes=False):
                raise DeployError(f"{words} Delete them with what is in them: --replace-logs")
        return logs

    def _look(self, resolved: Resolved) -> None:
        """Ask the resources themselves; set what differs from the template."""
        found = list(differences(self._cloud, resolved))
        if not found:
            console.print("Every resource is as the template says.")
            return
        for item in found:
            console.print(f"  {item.what}", highlight=False, markup=False)
        if self._dry_run:
            console.print(f"{len(found)} would be set as the template says.")
            return
        if not agreed("Set this as the template says?", yes=self._yes):
            raise SystemExit(1)
        self._mend(found)

    def _mend(self, found: Sequence[Difference]) -> None:
        hopeless = [item.what for item in found if item.mend is None]
        for item in found:
            if item.mend is not None:
                item.mend()
        console.print(f"{len(found) - len(hopeless)} set as the template says.")
        if hopeless:
            raise DeployError(
                f"{'; '.join(hopeless)}: CloudFormation believes otherwise. Deleted by hand? careloop destroy"
                f" --stage {self._stage.name}, then provision again; data is kept"
            )

    def _write(self, names: dict[str, str]) -> None:
        changed = provisioning.use_names(self._project, self._stage, names)
        for variable in changed:
            console.print(
                f"{self._project.config}: {variable} of stage {self._stage.name} is now {names[variable]}: commit it.",
                highlight=False,
            )
        place = self._place
        for file in render_policies(self._stage.name, place.account, place.region, folder=self._project.folder):
            console.print(f"{file}: names what the function may use, and nothing else: commit it.", highlight=False)
        rows = table("resource", "name")
        for variable, value in names.items():
            rows.add_row(variable.removeprefix("CARELOOP_").lower().replace("_", " "), value)
        console.print(rows)

    def _resolved(self, parameters: dict[str, str]) -> Resolved:
        return self._template.resolved(parameters, self._place, key_arn(self._cloud, self._stage.name) or NO_KEY)


def print_changes(name: str, change_set: ChangeSet) -> None:
    """As a table."""
    if not change_set.changes:
        console.print(f"Stack {name}: only its template or parameters change, no resource.", highlight=False)
        return
    rows = table("action", "resource", "type", "replacement", title=f"Stack {name}")
    for item in change_set.changes:
        rows.add_row(item.action, item.name, item.kind, item.replacement)
    console.print(rows)


class Progress:
    """Says how far CloudFormation is: a line that changes on a terminal, failures only elsewhere."""

    def __init__(self, name: str, total: int) -> None:
        self._name, self._total, self._done = name, total, 0
        self._status = errors.status(f"Stack {name}")

    def __enter__(self) -> Progress:
        self._status.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._status.stop()

    def __call__(self, event: Event) -> None:
        """One event."""
        self._done += event.status.endswith("_COMPLETE") and event.name != self._name
        self._status.update(f"Stack {self._name}: {self._done} of {self._total}, {event.name} {event.status}")
        if event.status.endswith("_FAILED"):
            errors.print(f"{event.name}: {event.status}: {event.reason}", highlight=False, markup=False)
