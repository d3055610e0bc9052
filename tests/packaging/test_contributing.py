"""What CONTRIBUTING.md tells a contributor is so: files, targets and names exist, and it is short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib.ports.spec import Level
from tests.contracts.test_platforms import EXEMPTIBLE
from tests.scaffold.plan import KINDS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) <= 150


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:chalicelib|careloop|tests)/[\w/.]+)`", TEXT))))
def test_paths_exist(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", TEXT))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make ([a-z0-9]+)`", TEXT))))
def test_make_targets_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_it_names_what_there_is() -> None:
    assert all(f"| {level.name} |" in TEXT for level in Level)
    assert all(re.search(rf"tests\.scaffold.*\b{kind}\b", TEXT) for kind in KINDS)
    exempted = re.findall(r'"exempt": \{"([\w.]+)"', TEXT)
    assert exempted
    assert set(exempted) <= EXEMPTIBLE
