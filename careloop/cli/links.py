"""`careloop links`: what it takes to send customers a link by which they tell who they are."""

from __future__ import annotations

import click

from careloop.cli.backend import console, with_application
from careloop.connecting import links as work
from careloop.connecting.address import api_url
from chalicelib.bootstrap import Application
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.links import PATH


@click.group()
def links() -> None:
    """Links by which customers tell us in private who they are (policy ask_by)."""


@links.command("set-up")
@click.option("--url", help="The API's address, where it is not the one that `chalice url` prints.")
@with_application
def set_up(app: Application, url: str | None) -> None:
    """Make the secret that signs links, and note where they lead. Again: only the address, where that is another."""
    address = url or _deployed()
    changed = work.set_up(app, address)
    done = "are set up" if changed else "were set up already"
    console.print(f"Links {done}: {address.rstrip('/')}{PATH}...", highlight=False, soft_wrap=True)
    if changed:
        console.print("The functions learn of it within five minutes. Agents ask with /ask in an internal note.")


def _deployed() -> str:
    parameters = click.get_current_context().params
    found = None if parameters.get("local") else api_url(parameters.get("stage"))
    if found is None:
        raise ConfigurationError("nothing is deployed from here: say --url")
    return found


@links.command()
@click.option(
    "--finish", "is_end", is_flag=True, help="Drop the old value, once the last link that it signed has ended."
)
@click.option("--force", is_flag=True, help="With --finish: now; links that customers have already stop working.")
@with_application
def rotate(app: Application, *, is_end: bool, force: bool) -> None:
    """Replace the secret with no link refused: rotate, five minutes later rotate again, and --finish when the old links
    have ended."""
    if not is_end:
        following = work.rotate(app)
        begun = work.stored(app).is_begun
        told = "The new value verifies, the old one still signs." if begun else "The new value signs from now on."
        command = "careloop links rotate" + ("" if begun else " --finish")
        console.print(f"{told} After {following:%Y-%m-%d %H:%M:%S} UTC: {command}", highlight=False, soft_wrap=True)
    elif work.finish(app, force=force):
        console.print("Only the new value is good from now on; for five minutes the old one may still pass.")
    else:
        console.print("There is one value; there is nothing to finish.")
