"""`careloop bind`: what Chalice's decorators can't say about queues and functions."""

from __future__ import annotations

import click

from careloop.cli.backend import console, table
from careloop.cli.operating import Tools, with_tools
from careloop.deploying.mappings import LEAST_CONCURRENCY, MOST_CONCURRENCY, Bound, EventSource, Mappings
from careloop.deploying.project import CONSUMERS, Stage
from careloop.deploying.record import Deployed, Record
from chalicelib.core.errors import ConfigurationError


@click.command()
@click.option("--stage", "name", default="dev", show_default=True, help="The stage of .chalice/config.json.")
@click.option("--before", is_flag=True, help="Before chalice deploy: clear what would be in its way, mend its record.")
@click.option("--delete", is_flag=True, help="Let no function take from a queue any more. Messages stay.")
@click.option(
    "--concurrency",
    "given",
    multiple=True,
    metavar="FUNCTION=N",
    help=f"How many workers a queue may have at once, {LEAST_CONCURRENCY} to {MOST_CONCURRENCY}; kept until it is set"
    f" anew. Functions: {', '.join(CONSUMERS)} (repeatable).",
)
@with_tools
def bind(tools: Tools, name: str, before: bool, delete: bool, given: tuple[str, ...]) -> None:
    """Let functions take ten messages at once and report which of them failed. Run it after each chalice deploy.

    Until then each takes one message at a time: correct, and slower. Safe to repeat.
    """
    if before and delete:
        raise click.UsageError("--before and --delete exclude each other.")
    stage = tools.project.stage(name)
    concurrency = concurrency_of(given)
    if delete:
        removed = Mappings(tools.cloud, stage).delete()
        console.print(f"{len(removed)} event source mappings removed.", highlight=False)
    elif before:
        standing = mend(tools, stage)
        console.print(f"Stage {name}: {len(standing)} event source mappings stand; nothing is in the way of a deploy.")
    else:
        mend(tools, stage)
        print_bound(list(Mappings(tools.cloud, stage).bind(concurrency)))


def concurrency_of(given: tuple[str, ...]) -> dict[str, int]:
    """Function -> workers at once. Raises ConfigurationError."""
    found = {}
    for item in given:
        function, _, number = item.partition("=")
        if function not in CONSUMERS:
            raise ConfigurationError(
                f"--concurrency: no function {function!r} takes from a queue: {', '.join(CONSUMERS)}"
            )
        if not (number.isascii() and number.isdigit() and LEAST_CONCURRENCY <= int(number) <= MOST_CONCURRENCY):
            raise ConfigurationError(f"--concurrency {function}: from {LEAST_CONCURRENCY} to {MOST_CONCURRENCY}")
        found[function] = int(number)
    return found


def mend(tools: Tools, stage: Stage) -> dict[str, EventSource]:
    """Remove doubled and stranded mappings, and make Chalice's record say what AWS has. Returns the mappings that stay,
    by function."""
    record = Record(tools.project.record(stage.name))
    standing = dict(Mappings(tools.cloud, stage).clear(record.mappings()))
    deployed = Deployed(tools.cloud, stage, tools.cloud.place())
    entries = list(deployed.entries(standing, record.api()))
    if record.write(entries):
        console.print(f"{record.path}: now says what AWS has ({len(entries)} resources).", highlight=False)
    return standing


def print_bound(bound: list[Bound]) -> None:
    """As a table."""
    rows = table("function", "takes from", "messages", "reports failures", "workers at once", "")
    for item in bound:
        found = item.mapping
        partial, workers = "yes" if found.partial else "no", str(found.concurrency)
        rows.add_row(item.function, item.queue, str(found.batch_size), partial, workers, item.done)
    console.print(rows)
