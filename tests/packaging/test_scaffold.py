"""A connector that the scaffold made keeps every rule as it is: it is tried in a copy of the tree, suites, style, types
and layers."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import rules, test_layers, test_sizes, test_words
from tests.scaffold.__main__ import STEPS, main
from tests.scaffold.lines import NoPlaceError, with_entry, with_import, with_registry_line
from tests.scaffold.plan import DESKS, KINDS, REGISTRY, SIGNING, RefusedError, plan

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"platform": "chirp", "helpdesk": "deskly", "crm": "rolodex"}
LONGEST = "a_name_of_exactly_thirty_chars"
NEEDED = (
    *("chalicelib", "careloop/__init__.py", "careloop/twins", "careloop/connecting"),
    *("tests/__init__.py", "tests/contracts", "tests/fakes"),
)
CHANGED = {
    "platform": {REGISTRY, SIGNING},
    "helpdesk": {REGISTRY, SIGNING, DESKS},
    "crm": {REGISTRY},
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parts of the project that connectors' suites need, with a new connector of each kind. Without the state's own
    fixtures, which no connector uses."""
    root = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", root)
    for part in NEEDED:
        (root / part).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__", "conftest.py"))
        else:
            shutil.copy(ROOT / part, root / part)
    for kind, name in NAMES.items():
        assert main([kind, name], root) == 0
    return root


def _run(*command: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-B", "-m", *command], cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _python_files(root: Path) -> Iterator[str]:
    for path in sorted(root.rglob("*.py")):
        yield path.relative_to(root).as_posix()


CONNECTING = "tests/contracts/test_connecting.py"
LEAST = {"tests/contracts/test_platforms_reading.py": 0}
"""Suites of abilities that a new connector need not have."""

# -- what it made keeps the rules --------------------------------------------------------------------------------------


def test_the_new_connectors_pass_every_suite(tree: Path) -> None:
    suites = {
        kind: [path.relative_to(tree).as_posix() for path in sorted(tree.glob(f"tests/contracts/test_{kind}s*.py"))]
        for kind in KINDS
    }
    assert all(suites.values())
    files = [file for found in suites.values() for file in found] + [CONNECTING]

    output = _run("pytest", "-q", "-rA", "-p", "no:cacheprovider", *files, "-k", " or ".join(NAMES.values()), cwd=tree)

    for kind, name in NAMES.items():
        for file in suites[kind]:
            passed = re.findall(rf"^PASSED {re.escape(file)}::.*\[{name}\b", output, re.MULTILINE)
            least = LEAST.get(file, 5)
            assert len(passed) >= least, f"{file} hardly looked at {name}:\n{output}"
        passed = re.findall(rf"^PASSED {re.escape(CONNECTING)}::.*\[{name}\b", output, re.MULTILINE)
        assert len(passed) == (2 if kind == "crm" else 3), output


def test_the_new_files_are_typed(tree: Path, tmp_path: Path) -> None:
    made = [file for kind, name in NAMES.items() for file in plan(ROOT, kind, name).new if file.endswith(".py")]

    # what they import is checked where it belongs
    _run("mypy", "--follow-imports=silent", "--cache-dir", str(tmp_path), *made, DESKS, SIGNING, cwd=tree)


@pytest.mark.parametrize("name", ["ab", "acme2", LONGEST])
def test_the_new_files_are_in_style_however_long_the_name(tree: Path, name: str) -> None:
    touched = {REGISTRY, DESKS, SIGNING}
    for kind in KINDS:
        made = plan(tree, kind, name)
        made.write(tree)
        assert set(made.changed) == CHANGED[kind]
        touched |= {path for path in made.new if path.endswith(".py")}

    _run("ruff", "check", "--no-cache", *sorted(touched), cwd=tree)
    _run("ruff", "format", "--no-cache", "--check", *sorted(touched), cwd=tree)


def test_the_new_files_keep_to_the_architecture(tmp_path: Path) -> None:
    for kind, name in NAMES.items():
        for path, text in plan(ROOT, kind, name).new.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
    assert len(list(_python_files(tmp_path))) >= 15

    assert [*rules.broken(tmp_path)] == []
    assert test_layers._webhooks_with_clients(tmp_path) == []
    assert test_layers._made_elsewhere(tmp_path) == []
    assert test_layers._clock_and_chance(tmp_path) == []
    assert test_sizes._too_long(tmp_path) == []
    assert test_words._unfinished(tmp_path) == []
    assert test_words._machine_paths(tmp_path) == []


def test_nothing_is_left_to_fill_in(tree: Path) -> None:
    for kind, name in NAMES.items():
        made = plan(ROOT, kind, name)
        texts = "\n".join([*made.new, *made.new.values(), *made.changed.values()])
        assert "@@" not in texts
        assert made.new[f"chalicelib/connectors/{kind}s/{name}/__init__.py"] == ""


# -- how it is asked ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_what_it_made_and_what_comes_next(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = (REGISTRY, DESKS, SIGNING)
    for path in shared:
        (tmp_path / path).parent.mkdir(parents=True)
        shutil.copy(ROOT / path, tmp_path / path)
    before = (tmp_path / REGISTRY).read_text(encoding="utf-8")

    assert main([kind, "acme"], tmp_path) == 0

    output = capsys.readouterr().out
    named = re.findall(r"^  ([a-z]\S+)", output, re.MULTILINE)
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert there - set(shared) == set(named) - set(shared)
    assert set(named) & set(shared) == CHANGED[kind]
    for step in STEPS[kind]:
        assert step.format(name="acme") in output
    after = (tmp_path / REGISTRY).read_text(encoding="utf-8")
    assert after.replace(f'    (ConnectionKind.{kind.upper()}, "acme"): f"{{_ROOT}}.{kind}s.acme",\n', "") == before


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Acme",
        "9lives",
        "_meta",
        "acme-social",
        "acme.social",
        "a/b",
        "..",
        "ünique",
        "class",
        "a__b",
        "a_",
        "a b",
        "a\n",
        LONGEST + "x",
    ],
)
def test_what_is_no_name_is_refused(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["platform", name], tmp_path) == 2

    told = capsys.readouterr()
    assert told.out == ""
    assert repr(name) in told.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "name"), [("platform", "facebook"), ("helpdesk", "rt"), ("crm", "tryton")])
def test_what_is_there_is_refused(kind: str, name: str) -> None:
    with pytest.raises(RefusedError, match=f"The {kind} {name} can't be made: .* already"):
        plan(ROOT, kind, name)


def test_what_is_there_in_part_is_refused_and_left_alone(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun = tree / "careloop" / "twins" / "begun.py"
    begun.write_text("", encoding="utf-8")
    before = sorted(path for path in tree.rglob("*") if "begun" in path.name)

    assert main(["helpdesk", "begun"], tree) == 2

    assert "careloop/twins/begun.py exists already" in capsys.readouterr().err
    assert sorted(path for path in tree.rglob("*") if "begun" in path.name) == before
    assert '"begun"' not in (tree / REGISTRY).read_text(encoding="utf-8")


def test_the_command_refuses_with_its_own_status() -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-m", "tests.scaffold", "crm", "directory"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("The crm directory can't be made: ")


@pytest.mark.parametrize("arguments", [["forum", "acme"], ["platform"], []])
def test_other_kinds_are_refused(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments, tmp_path)

    assert left.value.code == 2


def test_without_a_registry_nothing_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crm", "acme"], tmp_path) == 2

    assert REGISTRY in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# -- where lines go ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["aaa", "n", "zzz"])
def test_the_registry_stays_in_order(kind: str, name: str) -> None:
    before = (ROOT / REGISTRY).read_text(encoding="utf-8")

    after = with_registry_line(before, kind, name)

    keys = re.findall(r'\(ConnectionKind\.([A-Z]+), "(\w+)"\): f"\{_ROOT\}\.([\w.]+)"', after)
    assert (kind.upper(), name, f"{kind}s.{name}") in keys
    for of in KINDS:
        found = [other for its, other, _ in keys if its == of.upper()]
        assert found == sorted(found)
    assert len(keys) == len(re.findall(r"ConnectionKind\.[A-Z]+, ", before)) + 1
    ast.parse(after)


def test_digits_count_as_numbers() -> None:
    text = "from twins.rt2 import A\nfrom twins.rt11 import B\n"

    assert (
        with_import(text, "twins", "rt10", "C")
        == "from twins.rt2 import A\nfrom twins.rt10 import C\nfrom twins.rt11 import B\n"
    )
    assert with_import(text, "twins", "zz", "C").endswith("import B\nfrom twins.zz import C\n")


@pytest.mark.parametrize(("name", "order"), [("a", "abd"), ("c", "bcd"), ("e", "bde")])
def test_an_entry_goes_into_its_own_table(name: str, order: str) -> None:
    text = 'A = {\n    "a": 1,\n}\nB: Mapping[str, int] = {\n    "b": (\n        1\n    ),\n    "d": 2,\n}\n'

    after = with_entry(text, "B", name, f'    "{name}": 3,\n')

    first, second = after.split("B: ")
    assert first == 'A = {\n    "a": 1,\n}\n'
    assert "".join(re.findall(r'"(\w)"', second)) == order
    ast.parse(after)


def test_a_file_that_is_not_as_known_is_left_alone() -> None:
    for attempt in (
        lambda: with_registry_line("CONNECTORS = {}\n", "crm", "acme"),
        lambda: with_import("import twins\n", "twins", "acme", "A"),
        lambda: with_entry("A = {\n}\n", "B", "acme", ""),
        lambda: with_entry("B = {\n", "B", "acme", ""),
    ):
        with pytest.raises(NoPlaceError):
            attempt()
