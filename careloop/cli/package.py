"""`careloop package`: the optimised package, as a project folder that Chalice deploys from."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from careloop.cli.backend import console
from careloop.cli.operating import Tools, with_tools
from careloop.deploying.package import PLATFORMS, Target, architecture, assemble, zipped
from careloop.deploying.policies import render_policies

FOLDER = Path("out") / "package"


@click.command()
@click.option("--stage", "name", default="dev", show_default=True, help="The stage of .chalice/config.json.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=FOLDER, show_default=True, help="Where; made anew each time."
)
@click.option(
    "--architecture", "machine", type=click.Choice(sorted(PLATFORMS)), help="As configured, unless said otherwise."
)
@with_tools
def package(tools: Tools, name: str, folder: Path, machine: str | None) -> None:
    """Make the small, compiled package: then `chalice --project-dir out/package deploy --stage ...`.

    `make deploy` does so. Plain `chalice deploy` works without this; its package is larger and starts slower.
    """
    project = tools.project
    stage = project.stage(name)
    target = Target(architecture=machine or architecture(project.folder))
    assemble(project.folder, folder, target)
    if not (folder / ".chalice" / "policies" / stage.name).is_dir():
        render_policies(stage.name, folder=folder)
    with tempfile.TemporaryDirectory(prefix="careloop-package-") as out:
        size = zipped(folder, stage.name, Path(out)).stat().st_size
    version = ".".join(map(str, target.python))
    console.print(
        f"{folder}: {size / 1e6:.1f} MB zipped, for Python {version} on {target.architecture}.", highlight=False
    )
    console.print(f"Next: chalice --project-dir {folder} deploy --stage {stage.name}", highlight=False)
