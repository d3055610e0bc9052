"""What went wrong, author by author: for whoever works on the matcher."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.matching.generate import Files, Truth, read_truth
from bench.matching.table import BY_NAME, Allows


def print_faults(console: Console, files: Files, results: Path, most: int) -> None:
    """Up to `most` of each kind of fault in each scenario, with the author and the contacts."""
    truths = read_truth(files.truth)
    faults: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    found = {line["author_id"]: line for line in _lines(results)}
    for author, truth in truths.items():
        kind = _fault(truth, found[author]) if author in found else "no result"
        if kind and len(faults[kind, truth.scenario]) < most:
            faults[kind, truth.scenario].append(author)
    wanted = {author for authors in faults.values() for author in authors}
    authors = {line["author_id"]: line for line in _lines(files.authors) if line["author_id"] in wanted}
    ids = {one for author in wanted for one in _ids(truths[author], found.get(author, {}))}
    contacts = {line["contact_id"]: line for line in _lines(files.contacts) if line["contact_id"] in ids}
    for (kind, scenario), names in sorted(faults.items()):
        console.rule(f"{kind}: {scenario}")
        for name in names:
            _show(console, authors[name], truths[name], found.get(name, {}), contacts)


def _fault(truth: Truth, result: Mapping[str, Any]) -> str:
    shown = [one["contact_id"] for one in result["candidates"][:3]]
    scenario = BY_NAME[truth.scenario]
    if result["decision"] == "auto" and result["contact_id"] not in truth.right:
        return "1 wrong link"
    if scenario.allows is Allows.LINK and result["decision"] != "auto":
        return "2 missed link"
    if truth.is_findable and not any(one in truth.right for one in shown):
        return "3 not found"
    if scenario.is_stranger and result["decision"] != "none":
        return "4 stranger"
    is_flagged = "impostor" in result["flags"]
    return "" if is_flagged == scenario.is_impostor else "5 flag wrong" if is_flagged else "6 not flagged"


def _ids(truth: Truth, result: Mapping[str, Any]) -> Iterator[str]:
    yield from truth.right
    yield from truth.wrong
    yield from (one["contact_id"] for one in result.get("candidates", ()))


def _show(console: Console, author: Any, truth: Truth, result: Any, contacts: Mapping[str, Any]) -> None:
    messages = author.pop("messages", [])
    said = [("public: " if one["public"] else "private: ") + one["text"] for one in messages]
    console.print(f"AUTHOR {_plain(author)} {said}", markup=False, highlight=False, soft_wrap=True)
    told = {one["contact_id"]: one for one in result.get("candidates", ())}
    console.print(f"   -> {result.get('decision')} {result.get('flags')}", markup=False, highlight=False)
    for one in dict.fromkeys((*truth.right, *truth.wrong, *told)):
        mark = "RIGHT" if one in truth.right else "wrong" if one in truth.wrong else "other"
        shown = told.get(one)
        why = f" <- {shown['confidence']} {[item['what'] for item in shown['evidence']]}" if shown else ""
        console.print(f"   {mark} {_plain(contacts[one])}{why}", markup=False, highlight=False, soft_wrap=True)


def _plain(data: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in data.items() if value not in (None, [], "")}, ensure_ascii=False)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
