"""The functions' IAM policies: one source per function, rendered for each stage with its exact names.

``policies/iam/<function>.json`` is the source. In it stand, as ``${...}``: settings of the stage by the names of their
environment variables, ``App``, ``Function`` (what Chalice calls the function in AWS), and CloudFormation's names for
partition, region and account. ``.chalice/policies/<stage>/<function>.json`` is what Chalice attaches to the function's
role.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from careloop.deploying.project import Project, Stage
from chalicelib.core.errors import ConfigurationError

SOURCES = Path("policies") / "iam"
RENDERED = Path(".chalice") / "policies"
UNKNOWN = "*"
"""In place of an account or region that is not known yet."""
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


def render_policies(
    stage: str, account: str | None = None, region: str | None = None, *, folder: Path = Path()
) -> Sequence[Path]:
    """Write the policies of a stage and return the files that changed.

    ``account``, ``region``: where the stage is; None: not known yet, any is let in. Names are those that
    ``.chalice/config.json`` tells the functions, so set these before. Raises ConfigurationError.
    """
    changed = []
    for function, document in rendered(stage, account, region, folder=folder).items():
        file = folder / RENDERED / stage / f"{function}.json"
        text = json.dumps(document, indent=2) + "\n"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            changed.append(file)
    return changed


def rendered(
    stage: str, account: str | None = None, region: str | None = None, *, folder: Path = Path()
) -> dict[str, dict[str, Any]]:
    """Function -> its policy in a stage. Raises ConfigurationError."""
    found = Project(folder).stage(stage)
    names = _names(found, account, region)
    return {
        function: _filled(
            _read(folder / SOURCES / f"{function}.json"), {**names, "Function": found.function(function)}, function
        )
        for function in found.functions
    }


def rendered_file(
    file: Path, stage: str, account: str | None = None, region: str | None = None, *, folder: Path = Path()
) -> dict[str, Any]:
    """Any policy of a stage with its names, as ``policies/operator.json``. Raises ConfigurationError."""
    found: dict[str, Any] = _filled(_read(file), _names(Project(folder).stage(stage), account, region), file.stem)
    return found


def _names(stage: Stage, account: str | None, region: str | None) -> dict[str, str]:
    partition = next((name for start, name in _PARTITIONS.items() if (region or "").startswith(start)), "aws")
    return {
        **stage.environment,
        "App": stage.app,
        "AWS::Partition": partition,
        "AWS::Region": region or UNKNOWN,
        "AWS::AccountId": account or UNKNOWN,
    }


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{file} is not here") from None
    except ValueError as error:
        raise ConfigurationError(f"{file} is not JSON: {error}") from error


def _filled(value: Any, names: Mapping[str, str], function: str) -> Any:
    """`value` with names for placeholders. Empty names would let in too much, so they are refused."""
    if isinstance(value, dict):
        return {key: _filled(item, names, function) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, names, function) for item in value]

    def name(match: re.Match[str]) -> str:
        if not names.get(match[1]):
            raise ConfigurationError(f"the policy of {function} needs {match[1]}, which the stage does not set")
        return names[match[1]]

    return _PLACEHOLDER.sub(name, value) if isinstance(value, str) else value


def main() -> None:
    """Write the policies of all stages that have not been provisioned: account and region open."""
    for stage in Project().stages():
        for file in render_policies(stage, *place_of(stage)):
            print(file)


def place_of(stage: str, *, folder: Path = Path()) -> tuple[str | None, str | None]:
    """Account and region in the files as they are; None where they are open or nothing has been rendered."""
    file = folder / RENDERED / stage / "api_handler.json"
    if not file.exists():
        return None, None
    found = re.search(r"arn:[a-z-]+:dynamodb:([a-z0-9-]+):(\d{12}):table/", file.read_text(encoding="utf-8"))
    return (found[2], found[1]) if found else (None, None)


if __name__ == "__main__":
    main()
