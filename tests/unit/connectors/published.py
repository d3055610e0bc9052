"""Vendors' published API descriptions: where they come from, and what of them lies with our cases.

``python -m tests.unit.connectors.published FOLDER`` distils what our cases use from the vendors' files in FOLDER, and writes
it to ``tests/cases/<kind>/<name>/schema.json``. The tests take the whole files where ``CARELOOP_PUBLISHED`` names FOLDER.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

CASES = Path(__file__).resolve().parents[2] / "cases"
VARIABLE = "CARELOOP_PUBLISHED"
_SCHEMAS = "#/components/schemas/"
_KEPT = ("parameters", "requestBody", "responses")
_WORDS = frozenset({"description", "example", "examples", "summary", "x-twitter-examples"})
Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Published:
    """One vendor's description. ``files``: patterns of names; ``read``: how they become OpenAPI; ``excused``: what our
    calls do beyond it, as regular expressions over the problems told, each with its reason. ``answers``: the cases'
    answers are held to it too. ``answers_to``: the methods whose answers are kept for another test."""

    kind: str
    name: str
    files: tuple[str, ...]
    read: Callable[[str], Document]
    excused: Mapping[str, str]
    answers: bool = False
    answers_to: tuple[str, ...] = ()

    @property
    def distilled(self) -> Path:
        """What lies with the cases."""
        return CASES / self.kind / self.name / "schema.json"

    def documents(self) -> list[Document]:
        """Ours, or the vendor's whole ones where a folder is named."""
        folder = os.environ.get(VARIABLE)
        if not folder:
            return [json.loads(self.distilled.read_text(encoding="utf-8"))]
        return self.of(Path(folder))

    def of(self, folder: Path) -> list[Document]:
        """The vendor's files."""
        paths = sorted(path for pattern in self.files for path in folder.glob(pattern))
        return [self.read(path.read_text(encoding="utf-8")) for path in paths]

    def steps(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Each call of each case."""
        base = CASES / self.kind / self.name
        for path in sorted([*base.glob("outbound/*.json"), *base.glob("calls/*.json")]):
            for step in json.loads(path.read_text(encoding="utf-8")).get("exchange", ()):
                yield path.stem, step

    def is_excused(self, problem: str) -> bool:
        """Known, with a reason."""
        return any(re.search(pattern, problem) for pattern in self.excused)


def discovery(text: str) -> Document:
    """Google's discovery document as OpenAPI."""
    document = json.loads(text)
    paths: dict[str, dict[str, Any]] = {}
    for method in _methods(document["resources"]):
        answer = {"content": {"application/json": {"schema": _referring(method.get("response", {}))}}}
        operation: dict[str, Any] = {
            "parameters": [_parameter(name, item) for name, item in method.get("parameters", {}).items()],
            "responses": {"200": answer} if "response" in method else {"204": {}},
        }
        if "request" in method:
            schema = _referring(method["request"])
            operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
        paths.setdefault("/" + method["path"], {})[method["httpMethod"].lower()] = operation
    return {"paths": paths, "components": {"schemas": _referring(document["schemas"])}}


def _methods(resources: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for resource in resources.values():
        yield from resource.get("methods", {}).values()
        yield from _methods(resource.get("resources", {}))


def _parameter(name: str, item: Mapping[str, Any]) -> dict[str, Any]:
    schema = {"type": "array"} if item.get("repeated") else {key: item[key] for key in ("type", "enum") if key in item}
    return {"name": name, "in": item["location"], "required": item.get("required", False), "schema": schema}


def _referring(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _SCHEMAS + item if key == "$ref" else _referring(item) for key, item in value.items()}
    return [_referring(item) for item in value] if isinstance(value, list) else value


PUBLISHED = (
    Published(
        kind="platforms",
        name="x",
        files=("x-openapi.json",),
        read=json.loads,
        excused={
            r"has no parameter tweet\.fields": "the guides' name; the description has post.fields (option field_names)",
            r"no operation POST /2/oauth2/token": "not in the description",
            r"no operation \w+ /x/": "another base_url",
            r"no operation GET /(media|ext_tw_video|dm|1\.1/ton)/": "files are on hosts of their own",
        },
        answers_to=("post", "put", "delete"),
    ),
    Published(
        kind="helpdesks",
        name="zendesk",
        files=("zendesk-*.yaml",),
        read=yaml.safe_load,
        excused={
            r"has no parameter (sort|per_page|cursor|start_time|page\[(size|after)\])": "in the guides, not here",
            r"POST /api/v2/uploads has no parameter filename": "in the guides, not here",
            r"takes no body": "bodies of these are in the guides alone",
            r"no operation \w+ /api/v2/(webhooks|comment_redactions|deleted_users)/": "other files' of the vendor",
            r"no operation GET /api/v2/users/\d+/tickets/requested": "another file's of the vendor",
            r"no operation GET /attachments/": "files have addresses of their own",
        },
    ),
    Published(
        kind="platforms",
        name="youtube",
        files=("youtube-v3-discovery.json",),
        read=discovery,
        excused={
            r"no operation POST /token": "Google's OAuth, not the Data API's",
            r"no operation GET /a/picture\.png": "a picture, on a host of its own",
        },
        answers=True,
    ),
)


# ---- distilling ------------------------------------------------------------------------------------------------------


def distil(published: Published, documents: Sequence[Document]) -> Document:
    """What our cases use of `documents`, as one. Schemas of answers are kept where the cases are held to them."""
    paths: dict[str, dict[str, Any]] = {}
    components: dict[str, Any] = {}
    for _, step in published.steps():
        request = step["request"]
        path, method = urlsplit(request["url"]).path, request["method"].lower()
        for document in documents:
            for template, operations in document["paths"].items():
                pattern = re.sub(r"\\\{[^}]*\\\}", "[^/()]+", re.escape(template))
                if method in operations and re.fullmatch(pattern, path):
                    kept = {key: operations[method][key] for key in _KEPT if key in operations[method]}
                    if not published.answers and method not in published.answers_to:
                        kept.pop("responses", None)
                    paths.setdefault(template, {})[method] = _bare(kept)
                    _collect(document, kept, components)
    return {"openapi": "3.0.0", "paths": dict(sorted(paths.items())), **_nested(components)}


def _collect(document: Document, value: Any, components: dict[str, Any]) -> None:
    """All that `value` refers to, by the path of the reference."""
    if isinstance(value, list):
        for item in value:
            _collect(document, item, components)
    if not isinstance(value, dict):
        return
    reference = value.get("$ref")
    if isinstance(reference, str) and reference not in components:
        here: Any = document
        for part in reference.removeprefix("#/").split("/"):
            here = here.get(part) if isinstance(here, dict) else None
        if here is not None:
            components[reference] = _bare(here)
            _collect(document, here, components)
    for key, item in value.items():
        if key not in ("example", "examples", "description"):
            _collect(document, item, components)


def _bare(value: Any, *, named: bool = False) -> Any:
    """Without words and examples. ``named``: the keys are names of fields, not of the description's own parts."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if named or key not in _WORDS or isinstance(item, dict)}
        return {key: _bare(item, named=key == "properties" and not named) for key, item in kept.items()}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def _nested(components: Mapping[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for reference, schema in sorted(components.items()):
        *path, last = reference.removeprefix("#/").split("/")
        here = whole
        for part in path:
            here = here.setdefault(part, {})
        here[last] = schema
    return whole


def main(folder: str) -> None:
    """Write what lies with the cases."""
    for published in PUBLISHED:
        found = distil(published, published.of(Path(folder)))
        published.distilled.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(f"{published.distilled.relative_to(CASES)}: {published.distilled.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
