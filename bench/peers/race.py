"""The webhook's answer beside its peers': `bench.ack` with everybody in it, in turns, in one run."""

from __future__ import annotations

import importlib.metadata
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import ack

ROUNDS = 7
ENTRY = 98
"""Bytes of a zip's two headers for one file, without its name."""
FLOOR_NEEDS = ("boto3",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """``distributions``: what its package has to carry, with all that they need."""

    title: str
    module: str
    distributions: tuple[str, ...]


PEERS = (
    Peer(title="Powertools", module="bench.peers.powertools", distributions=("boto3", "aws-lambda-powertools")),
    Peer(title="FastAPI, Mangum", module="bench.peers.fastapi_mangum", distributions=("boto3", "fastapi", "mangum")),
    Peer(
        title="Flask, serverless-wsgi",
        module="bench.peers.flask_wsgi",
        distributions=("boto3", "flask", "serverless-wsgi"),
    ),
)


def is_installed(peer: Peer) -> bool:
    """Whether all that a peer needs is there."""
    try:
        return all(importlib.metadata.distribution(name) for name in peer.distributions)
    except importlib.metadata.PackageNotFoundError:
        return False


def race(rounds: int = ROUNDS) -> Mapping[str, ack.Figures]:
    """Ours, the floor, and the peers that are installed. RuntimeError when one of them did not do the job."""
    peers = {peer.title: peer.module for peer in PEERS if is_installed(peer)}
    results = ack.measure({**ack.CONTENDERS, **peers}, rounds=rounds)
    for name, item in results.items():
        sent = sum(number for call, number in item.warm_calls.items() if call.startswith("SendMessage"))
        if sent != 1:
            raise RuntimeError(f"{name} sent {sent:g} messages for a webhook")
    return results


def missing() -> Sequence[str]:
    """Peers that can't run."""
    return [peer.title for peer in PEERS if not is_installed(peer)]


def zipped(names: Sequence[str]) -> int:
    """Bytes of a zip of these distributions with all that they need, as wheels unpack (no compiled files)."""
    return sum(_zipped(name) for name in _closure(names))


def _closure(names: Sequence[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found:
            continue
        try:
            needs = importlib.metadata.distribution(name).requires or ()
        except importlib.metadata.PackageNotFoundError:
            continue  # for another Python or system
        found.add(name)
        waiting += [_name(need) for need in needs if "extra ==" not in need]
    return found


def _name(requirement: str) -> str:
    head = requirement.partition(";")[0]
    return "".join(letter if letter.isalnum() or letter in "-_." else " " for letter in head).split()[0]


@cache
def _zipped(name: str) -> int:
    distribution = importlib.metadata.distribution(name)
    total = 0
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file)))
        if file.suffix != ".pyc" and ".." not in file.parts and path.is_file():
            total += len(zlib.compress(path.read_bytes())) + 2 * len(str(file)) + ENTRY
    return total


def run(console: Console, rounds: int = ROUNDS) -> bool:
    """Measure and print."""
    results = race(rounds)
    floor = results[ack.FLOOR]
    table = Table(title=f"A Meta webhook to a FIFO queue: CPU ms, median of {rounds} rounds", title_justify="left")
    table.add_column("")
    for name in ("import", "first webhook", "cold", "x floor", "warm", "x floor"):
        table.add_column(name, justify="right")
    for name, item in results.items():
        parts = (f"{item.imports:.0f}", f"{item.first:.0f}", f"{item.cold:.0f}", f"{item.cold / floor.cold:.2f}")
        table.add_row(name, *parts, f"{item.warm:.2f}", f"{item.warm / floor.warm:.2f}")
    console.print(table)
    console.print(
        "Verify the HMAC, parse, send one message per event. Ours also routes to one of all connectors, reads the "
        "endpoint and its secret, archives the payload on S3, and logs.",
        highlight=False,
    )
    for title in missing():
        console.print(f"{title}: not installed; make bench installs it.", highlight=False)
    return True


if __name__ == "__main__":
    raise SystemExit(0 if run(Console()) else 1)
