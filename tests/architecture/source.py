"""Reads the project's own source: which files, which imports, in which lines. Knows no rule."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported module in one line. ``at_import``: it happens when the importing module is loaded, not later in a function.
    ``for_types``: it stands under TYPE_CHECKING and never happens."""

    module: str
    line: int
    at_import: bool = True
    for_types: bool = False


@dataclass(frozen=True, kw_only=True)
class Source:
    """One Python file. ``module`` is its dotted name, a package's for its ``__init__.py``."""

    path: Path
    root: Path

    @property
    def name(self) -> str:
        """The path inside the project, with slashes."""
        return self.path.relative_to(self.root).as_posix()

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def module(self) -> str:
        parts = list(self.path.relative_to(self.root).with_suffix("").parts)
        return ".".join(parts[:-1] if self.is_package else parts)

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.name)

    @cached_property
    def imports(self) -> Sequence[Import]:
        """Every import, also inside functions and under TYPE_CHECKING; ``from a import b`` counts as ``a`` and ``a.b``.

        ``importlib.import_module`` and ``__import__`` with a literal count too.
        """
        return tuple(_imports(self.tree, self, at_import=True, for_types=False))

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def sources(*folders: str, root: Path = ROOT) -> Sequence[Source]:
    """The Python files of `folders` (or single files) below `root`, in order. What is not there gives nothing."""
    found: list[Path] = []
    for folder in folders:
        place = root / folder
        found += [place] if place.is_file() else place.rglob("*.py")
    return tuple(Source(path=path, root=root) for path in sorted(found) if "__pycache__" not in path.parts)


def is_within(module: str, *packages: str) -> bool:
    """True when `module` is one of `packages` or lies inside one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _imports(node: ast.AST, source: Source, *, at_import: bool, for_types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        for module in _named_by(child, source):
            yield Import(
                module=module,
                line=getattr(child, "lineno", 0),
                at_import=at_import and not for_types,
                for_types=for_types,
            )
        is_run_later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _imports(
            child,
            source,
            at_import=at_import and not is_run_later,
            for_types=for_types or (isinstance(child, ast.If) and last_name(child.test) == "TYPE_CHECKING"),
        )


def _named_by(node: ast.AST, source: Source) -> Sequence[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = _base_of(node, source)
        return [base, *(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")]
    if isinstance(node, ast.Call) and last_name(node.func) in ("import_module", "__import__") and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return [first.value]
    return []


def _base_of(node: ast.ImportFrom, source: Source) -> str:
    if not node.level:
        return node.module or ""
    package = source.module.split(".")
    keep = len(package) - node.level + (1 if source.is_package else 0)
    return ".".join([*package[:keep], *([node.module] if node.module else [])])


def last_name(node: ast.AST) -> str:
    """``c`` of ``a.b.c`` or of ``c``; otherwise nothing."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
