"""What the README tells a user is so: its table is the specs', its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from careloop import readme
from careloop.cli.main import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_is_that_of_the_specs():
    assert readme.updated(TEXT) == TEXT, "run: python -m careloop.readme"


def test_a_table_that_is_old_is_noticed():
    old = TEXT.replace("| Bluesky |", "| Bluebird |")
    assert readme.updated(old) != old


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z0-9-]+)`?", TEXT))))
def test_make_targets_exist(target: str):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"the README names make {target}"


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`?careloop ([a-z]+)", TEXT))))
def test_commands_exist(command: str):
    assert command in COMMANDS, f"the README names careloop {command}"
    assert main.get_command(None, command) is not None  # type: ignore[arg-type]


def test_every_command_is_in_the_readme():
    named = set(re.findall(r"careloop ([a-z]+)", TEXT))
    assert set(COMMANDS) <= named


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", TEXT))
def test_links_lead_somewhere(link: str):
    assert (ROOT / link).exists()
