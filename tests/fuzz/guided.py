"""Coverage-guided fuzzing of one receiver with atheris (`requirements-fuzz.txt`), in a process of its own.

``python -m tests.fuzz.guided RECEIVER FOLDER SECONDS``: starts from tests/cases, keeps each input that reached new code
below ``FOLDER/<kind>-<name>/corpus``, where later runs of either kind start from too.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

_LARGEST = 64 * 1024
_SLOW = 10
"""Seconds after which an input counts as a hang."""


def main(arguments: list[str]) -> None:
    """Never returns: libFuzzer ends the process, with 0 when nothing did harm."""
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

    name, folder, seconds = arguments[0], Path(arguments[1]), int(float(arguments[2]))
    with atheris.instrument_imports(
        include=["chalicelib.connectors", "chalicelib.core.text", "chalicelib.core.events"]
    ):
        from tests.fuzz.mutate import mutate
        from tests.fuzz.targets import targets

        [target] = targets([name], folder)
        target.receiver  # noqa: B018 - imports the connector while imports are instrumented
    seeds = [case.body for case in target.cases]
    place = folder / f"{target.kind}-{target.name}"
    corpus = place / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"case-{number:03d}").write_bytes(seed)
    requests = target.requests
    request = target.request(b"", next((i for i, item in enumerate(requests) if "transactions" in item.path_suffix), 0))

    def one(data: bytes) -> None:
        from dataclasses import replace

        target.parse(replace(request, body=data))

    def mutator(data: bytes, most: int, seed: int) -> Any:
        dice = random.Random(seed)
        made = mutate(dice, data, seeds) if dice.random() < 0.8 else atheris.Mutate(data, most)
        return made if len(made) <= most else data[:most]

    options = [f"-max_total_time={seconds}", f"-max_len={_LARGEST}", f"-timeout={_SLOW}", "-rss_limit_mb=1024"]
    atheris.Setup(
        [sys.argv[0], str(corpus), *options, f"-artifact_prefix={place}/harm-", "-print_final_stats=1"],
        one,
        custom_mutator=mutator,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
