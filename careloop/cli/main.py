"""The `careloop` command. Sub-commands are loaded on demand, so that each starts quickly."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = {
    "accounts": ("careloop.cli.accounts", "Add, list and show accounts, helpdesks and CRMs."),
    "alarms": ("careloop.cli.alarms", "What is broken now, with the command that mends it."),
    "audit": ("careloop.cli.audit", "Compare platforms' own lists with the ledger; list and sign off reports."),
    "bind": ("careloop.cli.bind", "Let functions take messages in batches; run after each chalice deploy."),
    "check": ("careloop.cli.alarms", "Look now whether accounts, helpdesks and CRMs are alive."),
    "connect": ("careloop.cli.connect", "Connect a platform, a helpdesk or a CRM, step by step, with a live check."),
    "contacts": ("careloop.cli.contacts", "Import contacts into Careloop's own index, and look at it."),
    "cost": ("careloop.cli.cost", "Tell what so many messages a month cost on AWS."),
    "demo": ("careloop.cli.sandbox", "Play one customer's story in the terminal."),
    "destroy": ("careloop.cli.destroy", "Take a stage out of service; its data only when told so."),
    "doctor": ("careloop.cli.doctor", "Look whether a stage is well, and name the command that mends what is not."),
    "erase": ("careloop.cli.erase", "Remove a person everywhere that Careloop keeps something."),
    "links": (
        "careloop.cli.links",
        "Set up the links by which customers say in private who they are; rotate their secret.",
    ),
    "match": ("careloop.cli.match", "Match authors with contacts from files; learn from agents' decisions."),
    "package": ("careloop.cli.package", "Make the small, compiled package that `make deploy` deploys."),
    "parked": ("careloop.cli.parked", "List, show, release and discard what waits for a person."),
    "parse": ("careloop.cli.parse", "Print the normalised events of raw payloads as JSON lines."),
    "policy": ("careloop.cli.policy", "Check and store the care policy."),
    "provision": ("careloop.cli.provision", "Create or update a stage's table, queues, archive, alarms."),
    "rehearse": ("careloop.cli.rehearse", "Play a flood of events with faults; check that nothing is lost or doubled."),
    "redrive": ("careloop.cli.redrive", "Send again what the queues gave up on."),
    "replay": ("careloop.cli.replay", "Read archived payloads again, and send what nobody has dealt with."),
    "rotate": ("careloop.cli.rotate", "Replace a verification secret, with both values good meanwhile."),
    "sandbox": ("careloop.cli.sandbox", "Run the whole product on this machine, with a page to play with."),
    "why": ("careloop.cli.why", "Tell what became of a ticket's messages and replies, and why."),
}


class LazyGroup(click.Group):
    """Knows its commands' names and help; imports a command's module when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command's object from its module."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="careloop")
def main() -> None:
    """Social customer care inside your own AWS account and your existing helpdesk."""
