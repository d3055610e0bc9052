"""Files of at most 400 lines and functions of at most 60: what no longer fits into one head is two things."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.source import ROOT, sources

FILE_LINES = 400
FUNCTION_LINES = 60


def _too_long(root: Path) -> list[str]:
    found = []
    for source in sources("app.py", "chalicelib", "careloop", root=root):
        lines = source.text.count("\n") + (not source.text.endswith("\n"))
        if lines > FILE_LINES:
            found.append(f"{source.name}:{FILE_LINES + 1}: the file has {lines} lines, at most {FILE_LINES}")
        for node in source.functions():
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                found.append(f"{source.name}:{node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES}")
    return found


def test_files_and_functions_are_short() -> None:
    problems = _too_long(ROOT)

    assert not problems, "\n".join(problems)


def test_the_limits_are_exact(tmp_path: Path) -> None:
    folder = tmp_path / "careloop"
    folder.mkdir()
    (folder / "long.py").write_text("x = 1\n" * 401, encoding="utf-8")
    (folder / "fits.py").write_text("x = 1\n" * 400, encoding="utf-8")
    (folder / "functions.py").write_text(
        "def fits():\n" + "    x = 1\n" * 59 + "def long():\n" + "    x = 1\n" * 60, encoding="utf-8"
    )

    assert _too_long(tmp_path) == [
        "careloop/functions.py:61: long has 61 lines, at most 60",
        "careloop/long.py:401: the file has 401 lines, at most 400",
    ]
