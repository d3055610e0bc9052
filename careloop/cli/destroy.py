"""`careloop destroy`: a stage's functions, API, alarms; its data only when that is asked for too."""

from __future__ import annotations

from collections.abc import Sequence

import click

from careloop.cli.backend import console, table
from careloop.cli.bind import mend
from careloop.cli.operating import Tools, with_tools
from careloop.cli.provision import NO_KEY, Progress, print_changes
from careloop.deploying import provisioning
from careloop.deploying.cloud import DeployError
from careloop.deploying.destroying import Left, left_of, remove_alarms
from careloop.deploying.drift import key_arn
from careloop.deploying.mappings import Mappings
from careloop.deploying.project import Stage
from careloop.deploying.record import Deployed, Record
from careloop.deploying.stack import Stack
from careloop.deploying.template import Template


@click.command()
@click.option("--stage", "name", required=True, help="The stage of .chalice/config.json.")
@click.option("--with-data", is_flag=True, help="Also the table, the archive, the queues, the secrets and the key.")
@click.option("--confirm", metavar="STAGE", help="The stage's name again, instead of being asked for it.")
@click.option("--confirm-data", metavar="STAGE", help="With --with-data: the stage's name once more.")
@with_tools
def destroy(tools: Tools, name: str, with_data: bool, confirm: str | None, confirm_data: str | None) -> None:
    """Take a stage out of service: functions, API, schedules, alarms, logs. Its data stays, in a stack that
    `careloop provision` completes again, unless --with-data.

    Safe to repeat.
    """
    stage = tools.project.stage(name)
    place = tools.cloud.place()
    console.print(f"Stage {name} in account {place.account}, {place.region}.", highlight=False)
    _certain(f"This takes stage {name} out of service: webhooks are no longer answered", name, confirm)
    if with_data:
        words = "This removes every case, message and secret of the stage, for good"
        _certain(words, name, confirm_data)
    stack = Stack(tools.cloud, provisioning.stack_name(stage))
    template = Template.read(tools.project.template)
    _take_functions(tools, stage)
    parameters = provisioning.parameters_for(stage, template, {}, stack.parameters())
    resolved = template.resolved(parameters, place, key_arn(tools.cloud, name) or NO_KEY)
    if with_data:
        with Progress(stack.name, len(template.data["Resources"])) as progress:
            stack.delete(progress)
        for item in left_of(tools.cloud, stage, resolved):
            item.remove()
            console.print(f"  {item.what}: {item.then}", highlight=False)
    else:
        _reduce(tools, stack, template, parameters)
    remove_alarms(tools.cloud, resolved)
    _tell(name, list(left_of(tools.cloud, stage, resolved)))


def _certain(words: str, name: str, given: str | None) -> None:
    """Go on only when the stage's name was typed. Raises DeployError."""
    try:
        answer = given if given is not None else click.prompt(f"{words}. Type the stage's name to go on", err=True)
    except click.Abort:
        answer = ""
    if answer != name:
        raise DeployError("nothing was removed: that is not the stage's name")


def _take_functions(tools: Tools, stage: Stage) -> None:
    """Everything that Chalice made, whether its record knows it or not."""
    mend(tools, stage)
    removed = Mappings(tools.cloud, stage).delete()
    console.print(f"{len(removed)} event source mappings removed.", highlight=False)
    mend(tools, stage)
    record = Record(tools.project.record(stage.name))
    if record.read() and tools.chalice(["delete", "--stage", stage.name]) != 0:
        raise DeployError("chalice delete did not end well (above); run this again")
    deployed = Deployed(tools.cloud, stage, tools.cloud.place())
    for api in deployed.apis():
        tools.cloud.call("apigateway", "delete_rest_api", missing=("NotFoundException",), restApiId=api)
        console.print(f"API {api}, which Chalice did not know, removed.", highlight=False)
    still = [item["name"] for item in deployed.entries({}, None)]
    if still:
        raise DeployError(f"chalice delete has left {', '.join(still)}; run this again")


def _reduce(tools: Tools, stack: Stack, template: Template, parameters: dict[str, str]) -> None:
    """Leave only what holds data in the stack."""
    provisioning.make_ready(stack, lambda question: True)
    if stack.status() is None:
        return
    kept = template.kept()
    known = {name: value for name, value in parameters.items() if name in kept.parameters}
    change_set = stack.plan(kept.body, known, {"careloop:stage": parameters["Stage"]})
    if change_set is None:
        return
    print_changes(stack.name, change_set)
    with Progress(stack.name, len(change_set.changes)) as progress:
        stack.execute(change_set, progress)


def _tell(name: str, left: Sequence[Left]) -> None:
    if not left:
        console.print(f"Nothing of stage {name} is left.")
        return
    rows = table("left", "costs")
    for item in left:
        rows.add_row(item.what, item.costs)
    console.print(rows)
    console.print(f"In service again: make deploy STAGE={name}.", highlight=False)
    console.print(f"Without the data, too: careloop destroy --stage {name} --with-data", highlight=False)
