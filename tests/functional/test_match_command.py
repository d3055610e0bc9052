"""`careloop match` from end to end: a generated world in, a line for each author out, and the figures of that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bench.matching.generate import Files, generate, read_truth
from bench.matching.measure import measure, wilson
from bench.matching.table import SCENARIOS
from careloop.cli.main import main
from chalicelib.core.matching import DEFAULT_WEIGHTS, to_mapping


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["match", *map(str, arguments)])


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return generate(tmp_path_factory.mktemp("world"), contacts=1500, authors=400, seed="test")


def test_every_author_gets_a_line_and_nobody_a_wrong_link(world: Files, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    result = run("--contacts", world.contacts, "--authors", world.authors, "--out", out, "--brand-region", "de")
    assert result.exit_code == 0, result.output
    lines = lines_of(out)
    assert [line["author_id"] for line in lines] == [line["author_id"] for line in lines_of(world.authors)]
    for line in lines:
        assert set(line) == {"author_id", "decision", "contact_id", "candidates", "confidence", "flags", "ms", "reads"}
        assert (line["decision"] == "auto") == (line["contact_id"] is not None)
        assert bool(line["candidates"]) == (line["decision"] != "none")
        assert len(line["candidates"]) <= 3
        for candidate in line["candidates"]:
            assert candidate["evidence"]
            assert all(set(item) == {"what", "strength", "source"} for item in candidate["evidence"])
        if line["decision"] == "auto":
            assert line["candidates"][0]["contact_id"] == line["contact_id"]
    found = measure(out, read_truth(world.truth))
    assert found.rows.keys() == {scenario.name for scenario in SCENARIOS}
    assert found.wrong == []
    assert found.total("links") > 60
    assert found.total("hits") > 0.9 * found.total("findable")


def test_processes_and_learned_weights_change_no_link(world: Files, tmp_path: Path) -> None:
    weights = tmp_path / "weights.json"
    weights.write_text(json.dumps({**to_mapping(DEFAULT_WEIGHTS), "bias": -30.0}), encoding="utf-8")
    authors = tmp_path / "authors.jsonl"
    authors.write_text("\n".join(world.authors.read_text(encoding="utf-8").splitlines()[:60]), encoding="utf-8")
    files: list[str | Path] = ["--contacts", world.contacts, "--authors", authors]
    one, two, strict = (tmp_path / name for name in ("one", "two", "strict"))
    assert run(*files, "--out", one, "--workers", "1").exit_code == 0
    assert run(*files, "--out", two, "--workers", "2").exit_code == 0
    assert run(*files, "--out", strict, "--weights", weights).exit_code == 0

    def told(path: Path) -> list[dict[str, Any]]:
        return [{name: value for name, value in line.items() if name != "ms"} for line in lines_of(path)]

    assert told(one) == told(two)
    links = [line["contact_id"] for line in told(one)]
    assert [line["contact_id"] for line in told(strict)] == links
    assert any(line["decision"] == "suggest" for line in told(one))
    assert not any(line["decision"] == "suggest" for line in told(strict))


def test_bad_lines_are_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    contacts, authors, out = (tmp_path / name for name in ("contacts.csv", "authors.jsonl", "out.jsonl"))
    contacts.write_text(
        "contact_id,name,email,phone,x_handle,x_id\n"
        "C1,Kim Lee,kim@example.com,0151 12345678,,77\n"
        ",nobody,,,,\n"
        "C2,Ann Oak,ann@example.com,,,,too,many\n"
        "C3,Max Roe,max@example.com,,,\n",
        encoding="utf-8",
    )
    rows: list[Any] = [
        {"author_id": 1, "platform": "x", "user_id": 77, "messages": None},
        {"platform": "x"},
        {
            "author_id": "2",
            "platform": "x",
            "display_name": "Max Roe",
            "messages": [{"public": False, "text": "max@example.com"}],
        },
        {"author_id": "3"},
        {
            "author_id": "4",
            "messages": [{"public": "no", "text": 7}, None],
            "followers": {},
            "handle": [],
            "user_id": [],
        },
    ]
    text = [json.dumps(row) for row in rows]
    authors.write_text("\n".join([*text[:2], "{", *text[2:]]), encoding="utf-8")
    result = run("--contacts", contacts, "--authors", authors, "--out", out)
    assert result.exit_code == 0
    assert [(line["author_id"], line["decision"], line["contact_id"]) for line in lines_of(out)] == [
        ("1", "auto", "C1"),
        ("2", "auto", "C3"),
        ("3", "none", None),
        ("4", "none", None),
    ]
    for words in (
        "contacts.csv, line 3: no contact_id",
        "contacts.csv, line 4: more cells",
        "authors.jsonl, line 2",
        "line 3",
    ):
        assert words in result.stderr
    assert "2 contacts" in result.stderr


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    assert "--contacts, --authors and --out are needed" in run().output
    wrong = tmp_path / "weights.json"
    wrong.write_text('{"by_feature": {"name": "much"}}', encoding="utf-8")
    empty = tmp_path / "empty"
    empty.write_text("", encoding="utf-8")
    result = run("--contacts", empty, "--authors", empty, "--out", tmp_path / "out", "--weights", wrong)
    assert result.exit_code == 2
    assert "holds no weights" in result.output
    assert run("--contacts", empty, "--authors", empty, "--out", tmp_path / "out").exit_code == 0


def test_the_generator_repeats_itself(tmp_path: Path) -> None:
    one, two, other = (
        generate(tmp_path / name, contacts=200, authors=len(SCENARIOS), seed=seed)
        for name, seed in (("a", "s"), ("b", "s"), ("c", "t"))
    )
    for name in ("contacts", "authors", "truth"):
        assert getattr(one, name).read_bytes() == getattr(two, name).read_bytes() != getattr(other, name).read_bytes()
    assert {truth.scenario for truth in read_truth(one.truth).values()} == {scenario.name for scenario in SCENARIOS}
    ids = [line["contact_id"] for line in lines_of(one.contacts)]
    assert len(ids) == len(set(ids)) >= 200
    assert {item for truth in read_truth(one.truth).values() for item in (*truth.right, *truth.wrong)} <= set(ids)


def test_wilson_never_claims_certainty() -> None:
    assert wilson(3000, 3000) == pytest.approx(0.99872, abs=1e-5)
    assert wilson(0, 0) == 0.0
