"""The policies as they are proved: rendered for the stage that the worlds stand on."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from careloop.deploying.policies import SOURCES, rendered_file
from careloop.deploying.policies import rendered as render
from tests.rights.needs import Place

ROOT = Path(__file__).resolve().parents[2]
PLACE = Place(account="123456789012", region="eu-central-1")
STAGE = "dev"
EXCEPTIONS = ROOT / "policies" / "exceptions.json"
OPERATOR_POLICY = ROOT / "policies" / "operator.json"


def rendered(account: str | None = PLACE.account, region: str | None = PLACE.region) -> dict[str, dict[str, Any]]:
    """Function -> its policy, by default with the account and the region of the worlds."""
    return render(STAGE, account, region, folder=ROOT)


def of_operators() -> dict[str, Any]:
    """What the commands need that work on a stage's state."""
    return rendered_file(OPERATOR_POLICY, STAGE, PLACE.account, PLACE.region, folder=ROOT)


@cache
def source(function: str) -> dict[str, Any]:
    """A function's policy as it is written."""
    found: dict[str, Any] = json.loads((ROOT / SOURCES / f"{function}.json").read_text(encoding="utf-8"))
    return found


@cache
def exceptions() -> dict[str, Any]:
    """What the policies are excused from, with reasons."""
    found: dict[str, Any] = json.loads(EXCEPTIONS.read_text(encoding="utf-8"))
    return found


def by_lambda() -> frozenset[str]:
    """Actions that Lambda needs by the function's role, and no code of ours."""
    return frozenset(item["action"] for item in exceptions()["not_by_our_code"])
