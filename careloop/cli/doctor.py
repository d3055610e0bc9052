"""`careloop doctor`: is a stage well, and what mends what is not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
from rich.markup import escape

from careloop.cli.backend import console, errors
from careloop.doctoring.checks import CHECKS
from careloop.doctoring.findings import Finding, Light
from careloop.doctoring.patient import Patient, patient_of_file, patient_of_stage
from careloop.doctoring.running import LIMIT, examine, worst
from chalicelib.core.errors import CareloopError

WORDS = {
    Light.GREEN: "[green]ok     [/green]",
    Light.YELLOW: "[yellow]look at[/yellow]",
    Light.RED: "[red]broken [/red]",
    Light.GREY: "[dim]unseen [/dim]",
}
NOT_OK = (Light.RED, Light.YELLOW, Light.GREY)


@click.command()
@click.option("--local", type=click.Path(path_type=Path), help="Look at a sandbox's state file.")
@click.option("--stage", default="dev", show_default=True, help="Look at a deployed stage (needs AWS credentials).")
@click.option("--url", help="The API's address, where it is not the one that `chalice url` prints.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--all", "everything", is_flag=True, help="Show what is well, too.")
@click.option(
    "--old-secrets",
    type=click.IntRange(1),
    default=365,
    show_default=True,
    help="Days after which a secret should be replaced.",
)
@click.option("--limit", type=click.FloatRange(0.1), default=LIMIT, show_default=True, help="Seconds for one check.")
def doctor(
    local: Path | None, stage: str, url: str | None, *, as_json: bool, everything: bool, old_secrets: int, limit: float
) -> None:
    """Look whether a stage is well: settings, table, queues, functions, event sources, schedules, webhooks, secrets,
    tokens, subscriptions, helpdesks, clock, and what waits. It changes nothing.

    Each line that is not ok names the command that mends it. Exit code 1 when something is broken; 0 when all is ok, or
    something should be looked at, or could not be looked at.
    """
    given = click.get_current_context().find_object(Patient)
    try:
        patient = given or _patient(local, stage, url, old_secrets)
    except CareloopError as error:
        errors.print(f"[red]{error.code}[/red]: {escape(str(error))}", highlight=False, soft_wrap=True)
        raise SystemExit(1) from error
    found = examine(patient, CHECKS, limit=limit)
    light = worst(found)
    if as_json:
        rows = [
            {"group": item.group, "check": item.check, "light": item.light, "told": item.told, "command": item.command}
            for item in found
        ]
        print(json.dumps({"light": light, "findings": rows}))
    else:
        _print(found, everything=everything)
    if light is Light.RED:
        raise SystemExit(1)


def _patient(local: Path | None, stage: str, url: str | None, old_secrets: int) -> Patient:
    if local is not None:
        return patient_of_file(local, url=url)
    return patient_of_stage(stage, url=url, old_secrets=old_secrets)


def _print(found: Sequence[Finding], *, everything: bool) -> None:
    """By group; a group that is all well in one line."""
    for group in dict.fromkeys(item.group for item in found):
        own = [item for item in found if item.group == group]
        shown = own if everything else [item for item in own if item.light in NOT_OK]
        well = sum(item.light is Light.GREEN for item in own)
        console.print(f"[bold]{group}[/bold]  {well} of {len(own)} ok", highlight=False)
        for item in shown:
            console.print(
                f"  {WORDS[item.light]} {escape(item.check)}: {escape(item.told)}", highlight=False, soft_wrap=True
            )
            if item.command and item.light is not Light.GREEN:
                console.print(f"          {escape(item.command)}", style="cyan", highlight=False, soft_wrap=True)
    counts = {light: sum(item.light is light for item in found) for light in NOT_OK}
    if not any(counts.values()):
        console.print("All is well.")
        return
    words = {Light.RED: "broken", Light.YELLOW: "to be looked at", Light.GREY: "could not be looked at"}
    console.print(", ".join(f"{number} {words[light]}" for light, number in counts.items() if number) + ".")
