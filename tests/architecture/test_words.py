"""What must not stand in the source, and what must: no unfinished work, no path of one machine; documented contracts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, Source, last_name, sources

# Put together here, so that this file passes its own test.
MACHINE_PATHS = re.compile(
    r"(?<![\w.:}-])/(?:" + "|".join(["work", "root", "home/[a-z]+", "Users/[A-Za-z]+"]) + r")/\w"
)
UNFINISHED = re.compile(r"\bTODO\b|\bFIXME\b|\bXXX\b|\bNotImplementedError\b|#\s*stub\b")

NOT_OURS = {
    ".venv",
    ".git",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    "__pycache__",
    "node_modules",
    "out",
    "vendor",
    "deployed",
    "deployments",
}


def _text_files(root: Path) -> Iterator[Path]:
    """Files that belong to the project and are text, caches and build output left out."""
    for path in sorted(root.iterdir()):
        if path.name in NOT_OURS or path.name.endswith(".egg-info") or path.is_symlink():
            continue
        if path.is_dir():
            yield from _text_files(path)
        elif b"\0" not in path.read_bytes()[:8192]:
            yield path


def _matches(path: Path, root: Path, pattern: re.Pattern[str]) -> list[str]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    name = path.relative_to(root).as_posix()
    return [f"{name}:{number}: {match[0]}" for number, line in enumerate(lines, 1) for match in pattern.finditer(line)]


def _machine_paths(root: Path) -> list[str]:
    return [found for path in _text_files(root) for found in _matches(path, root, MACHINE_PATHS)]


def _unfinished(root: Path) -> list[str]:
    return [
        found
        for source in sources("app.py", "chalicelib", "careloop", root=root)
        for found in _matches(source.path, root, UNFINISHED)
    ]


def _undocumented(root: Path) -> list[str]:
    """Public modules, classes, functions and methods of the contract without a docstring."""
    found = []
    for source in sources("chalicelib/core", "chalicelib/ports", root=root):
        if source.text.strip() and not ast.get_docstring(source.tree):
            found.append(f"{source.name}:1: the module has no docstring")
        found += [
            f"{source.name}:{node.lineno}: {node.name} has no docstring"
            for node in _public(source)
            if not ast.get_docstring(node)
        ]
    return found


def _public(source: Source) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Top-level definitions and methods without an underscore; properties and overloads are described where they belong."""
    for node in source.tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        yield node
        for member in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and not member.name.startswith("_"):
                decorators = {last_name(item) for item in member.decorator_list}
                if not decorators & {"property", "overload", "override"}:
                    yield member


def test_no_path_of_a_machine() -> None:
    problems = _machine_paths(ROOT)

    assert not problems, "\n".join(problems)


def test_nothing_is_unfinished() -> None:
    problems = _unfinished(ROOT)

    assert not problems, "\n".join(problems)


def test_the_contract_is_documented() -> None:
    problems = _undocumented(ROOT)

    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("path = '/" + "work/main/x'", ["a.md:1: /" + "work/m"]),
        ("x\n(/" + "root/.cache)", []),
        ("x\n(/" + "root/cache)", ["a.md:2: /" + "root/c"]),
        ("/" + "home/ann/x", ["a.md:1: /" + "home/ann/x"]),
        ("https://example.com/" + "work/items and docs/" + "root/x", []),
    ],
)
def test_a_path_of_a_machine_is_found(tmp_path: Path, text: str, expected: list[str]) -> None:
    (tmp_path / "a.md").write_text(text, encoding="utf-8")

    assert _machine_paths(tmp_path) == expected


@pytest.mark.parametrize("text", ["# TODO later", "raise NotImplementedError", "x = 1  # stub", "#stub", "# FIXME"])
def test_unfinished_work_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "app.py").write_text(f"x = 1\n{text}\n", encoding="utf-8")

    assert len(_unfinished(tmp_path)) == 1
    assert _unfinished(tmp_path)[0].startswith("app.py:2: ")


def test_finished_words_pass(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("todo = 'todo bien'  # stubborn\nNotImplemented\n", encoding="utf-8")

    assert _unfinished(tmp_path) == []


def test_missing_docstrings_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "chalicelib" / "core"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "a.py").write_text(
        'class A:\n    """A."""\n    def b(self): ...\n    def _c(self): ...\n    @property\n    def d(self): ...\ndef e(): ...\ndef _f(): ...\n',
        encoding="utf-8",
    )

    assert _undocumented(tmp_path) == [
        "chalicelib/core/a.py:1: the module has no docstring",
        "chalicelib/core/a.py:3: b has no docstring",
        "chalicelib/core/a.py:7: e has no docstring",
    ]
