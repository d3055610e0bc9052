"""`careloop cost`: what so many messages a month cost on AWS, by service, with every assumption told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from chalicelib.core.errors import ConfigurationError

if TYPE_CHECKING:
    from careloop.costs.model import Line, Model, Scenario


@click.command()
@click.option("--messages", default=1_000_000, show_default=True, type=click.FloatRange(min=0), help="A month.")
@click.option("--replies", default=0.5, show_default=True, type=click.FloatRange(min=0), help="For each message.")
@click.option("--accounts", default=1, show_default=True, type=click.IntRange(min=0), help="Of each channel.")
@click.option(
    "--channels",
    default="facebook",
    show_default=True,
    metavar="PLATFORM[=ACCOUNTS],...",
    help="Where customers write.",
)
@click.option("--helpdesks", default=1, show_default=True, type=click.IntRange(min=0))
@click.option("--crms", default=1, show_default=True, type=click.IntRange(min=0))
@click.option("--open-threads", default=10, show_default=True, type=click.IntRange(min=0), help="Of each account.")
@click.option("--assume", multiple=True, metavar="NAME=VALUE", help="Change an assumption; all are printed.")
@click.option(
    "--prices", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another region's list prices."
)
@click.option("--detail", is_flag=True, help="Every kind of thing that is paid for, with its amount.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def cost(
    messages: float,
    replies: float,
    accounts: int,
    channels: str,
    helpdesks: int,
    crms: int,
    open_threads: int,
    assume: tuple[str, ...],
    prices: Path | None,
    detail: bool,
    as_json: bool,
) -> None:
    """Tell what so many messages a month cost on AWS.

    Counted calls of each flow, times public list prices, without free tiers and discounts. Nothing is called.
    """
    from careloop.costs.assumptions import changed, usual
    from careloop.costs.model import Model, Scenario
    from careloop.costs.prices import FILE, read_prices
    from careloop.costs.stage import channels_from, usual_stage
    from careloop.costs.usage import read_usage

    try:
        scenario = Scenario(
            messages=messages,
            replies=replies,
            channels=channels_from(channels, accounts),
            helpdesks=helpdesks,
            crms=crms,
            open_threads=open_threads,
        )
        assumptions = changed(usual(), assume)
        model = Model(
            usage=read_usage(), prices=read_prices(prices or FILE), assumptions=assumptions, stage=usual_stage()
        )
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    lines = model.bill(scenario)
    if as_json:
        click.echo(json.dumps(as_data(model, scenario, lines), indent=2))
    else:
        _show(Console(), model, scenario, lines, detail=detail)


def as_data(model: Model, scenario: Scenario, lines: Sequence[Line]) -> dict[str, Any]:
    """The whole result. Dollars are a month's, unrounded."""
    from careloop.costs.model import by_service

    caused, fixed = sum(line.messages_dollars for line in lines), sum(line.fixed_dollars for line in lines)
    return {
        "region": model.prices.region,
        "prices_read_on": model.prices.read_on.isoformat(),
        "messages": scenario.messages,
        "replies": scenario.replies,
        "channels": {channel.platform: channel.accounts for channel in scenario.channels},
        "dollars": {"messages": caused, "fixed": fixed, "all": caused + fixed},
        "dollars_per_further_account": dict(model.per_account(scenario)),
        "services": {
            name: {"messages": one, "fixed": other} for name, (one, other) in by_service(lines).items() if one + other
        },
        "lines": [
            {
                "price": line.price,
                "service": line.service,
                "unit": model.prices.items[line.price].unit,
                "units": line.units,
                "fixed_units": line.fixed_units,
                "messages_dollars": line.messages_dollars,
                "fixed_dollars": line.fixed_dollars,
                "verified": model.prices.items[line.price].verified,
            }
            for line in lines
        ],
        "assumptions": {name: item.value for name, item in model.assumptions.items()},
    }


def _show(console: Console, model: Model, scenario: Scenario, lines: Sequence[Line], *, detail: bool) -> None:
    from careloop.costs.model import by_service

    caused, fixed = sum(line.messages_dollars for line in lines), sum(line.fixed_dollars for line in lines)
    told = ", ".join(f"{channel.platform} ({channel.accounts})" for channel in scenario.channels)
    console.print(
        f"{scenario.messages:,.0f} messages a month, {scenario.replies:g} replies for each; {told}; "
        f"{scenario.helpdesks} helpdesk(s), {scenario.crms} CRM(s). US dollars a month in {model.prices.region}.",
        highlight=False,
    )
    table = _table("service", "messages", "in any case", "together", "share")
    for name, (one, other) in by_service(lines).items():
        if one + other:
            share = f"{(one + other) / (caused + fixed):.0%}"
            table.add_row(name, f"{one:,.2f}", f"{other:,.2f}", f"{one + other:,.2f}", share)
    table.add_section()
    table.add_row("all", f"{caused:,.2f}", f"{fixed:,.2f}", f"{caused + fixed:,.2f}", "", style="bold")
    console.print(table)
    each = ", ".join(f"{name} {dollars:,.2f}" for name, dollars in model.per_account(scenario).items())
    console.print(f"One more account costs, in any case: {each}.", highlight=False)
    if detail:
        _show_lines(console, model, lines)
    _show_assumptions(console, model)


def _show_lines(console: Console, model: Model, lines: Sequence[Line]) -> None:
    table = _table("what is paid for", "units by messages", "in any case", "dollars")
    for line in lines:
        if line.dollars:
            unit = model.prices.items[line.price].unit
            table.add_row(
                f"{line.service}: {unit}", f"{line.units:,.1f}", f"{line.fixed_units:,.1f}", f"{line.dollars:,.2f}"
            )
    console.print(table)


def _show_assumptions(console: Console, model: Model) -> None:
    table = Table(title="Assumed (change with --assume NAME=VALUE)", title_justify="left")
    table.add_column("name", overflow="fold")
    table.add_column("value", justify="right")
    table.add_column("what, and where it is from", overflow="fold")
    for name, item in model.assumptions.items():
        table.add_row(name, f"{item.value:g}", f"{item.what} ({item.source})")
    console.print(table)
    unsure = [item.unit for item in model.prices.items.values() if not item.verified]
    console.print(
        f"List prices read on {model.prices.read_on}, with their sources in careloop/costs/prices.toml; no free tiers. "
        "Counted, not assumed: calls, DynamoDB's units, bytes stored, sent and logged, of each flow with Facebook and "
        "Zendesk. Left out: the daily audit, retries, what platforms and helpdesks charge, attachments.",
        highlight=False,
    )
    if unsure:
        console.print(f"Not verified on a dated page: the price of {'; '.join(unsure)}.", highlight=False)


def _table(first: str, *others: str) -> Table:
    table = Table()
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right")
    return table
