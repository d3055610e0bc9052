"""What is asked of the matcher, and how far the figures are from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.matching.measure import Figures, allowed, calibration_error, percentile, share, wilson
from bench.matching.table import SCENARIOS, Allows, Scenario

MILLION = 500_000
"""Contacts from which on the goals of a million hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One measure in words, with what is asked and whether it was reached; ``is_met`` None: told only."""

    measure: str
    figure: str
    asked: str = ""
    is_met: bool | None = None


def goals(found: Figures, contacts: int) -> Iterator[Goal]:
    """Every measure of an evaluation with so many contacts."""
    yield from _links(found)
    yield from _suggestions(found, contacts)
    yield from _deceivers(found)
    yield from _cost(found)


def _links(found: Figures) -> Iterator[Goal]:
    links, wrong = found.total("links"), len(found.wrong)
    yield Goal(measure="automatic links", figure=f"{links:,}", asked="some", is_met=links > 0)
    yield Goal(measure="wrong ones", figure=f"{wrong:,}", asked="at most 1 in 3,000", is_met=wrong * 3000 <= links)
    bound = wilson(links - wrong, links)
    yield Goal(measure="precision", figure=f"{share(links - wrong, links):.3%}, at least {bound:.3%} (Wilson, 95 %)")
    yield Goal(
        measure="wrong links from impostors or third parties",
        figure=f"{len(found.deceived)}",
        asked="none",
        is_met=not found.deceived,
    )
    may = allowed(Allows.LINK)
    made = found.total("links", only=may) - found.total("wrong_links", only=may)
    of = found.total("authors", only=may)
    yield Goal(
        measure="links made, of those that the evidence allows",
        figure=f"{share(made, of):.1%} of {of:,}",
        asked="at least 95 %",
        is_met=made >= 0.95 * of,
    )


def _suggestions(found: Figures, contacts: int) -> Iterator[Goal]:
    asked = 0.95 if contacts >= MILLION else 0.97
    hits, findable = found.total("hits"), found.total("findable")
    yield Goal(
        measure="right contact among the first three, of those to be found",
        figure=f"{share(hits, findable):.2%} of {findable:,}",
        asked=f"at least {asked:.0%}",
        is_met=hits >= asked * findable,
    )
    plain = [scenario for scenario in SCENARIOS if scenario.name.startswith("stranger-")]
    bothered, of = _bothered(found, plain)
    yield Goal(
        measure="plain strangers with a suggestion",
        figure=f"{share(bothered, of):.1%} of {of:,}",
        asked="at most 10 %",
        is_met=bothered <= 0.1 * of,
    )
    alike, among = _bothered(found, [scenario for scenario in SCENARIOS if scenario.is_stranger])
    yield Goal(
        measure="the same, with contacts' namesakes and relatives", figure=f"{share(alike, among):.1%} of {among:,}"
    )
    error = calibration_error(found.first)
    yield Goal(
        measure="calibration error, first candidates (ten bins)",
        figure=f"{error:.3f}",
        asked="at most 0.03",
        is_met=error <= 0.03,
    )
    yield Goal(measure="the same, all candidates of suggestions", figure=f"{calibration_error(found.suggestions):.3f}")


def _bothered(found: Figures, strangers: list[Scenario]) -> tuple[int, int]:
    """How many of them were given a suggestion or a link, and how many there are."""
    given = found.total("suggested", only=strangers) + found.total("links", only=strangers)
    return given, found.total("authors", only=strangers)


def _deceivers(found: Figures) -> Iterator[Goal]:
    deceivers = [scenario for scenario in SCENARIOS if scenario.is_impostor]
    genuine = [scenario for scenario in SCENARIOS if not scenario.is_impostor]
    caught, of = found.total("flagged", only=deceivers), found.total("authors", only=deceivers)
    yield Goal(
        measure="impostors flagged",
        figure=f"{share(caught, of):.1%} of {of:,}",
        asked="at least 80 %",
        is_met=caught >= 0.8 * of,
    )
    blamed, others = found.total("flagged", only=genuine), found.total("authors", only=genuine)
    yield Goal(
        measure="genuine authors flagged",
        figure=f"{share(blamed, others):.2%} of {others:,}",
        asked="at most 1 %",
        is_met=blamed <= 0.01 * others,
    )


def _cost(found: Figures) -> Iterator[Goal]:
    for name, percent, most in (("median", 50, 2.0), ("99th percentile", 99, 20.0)):
        spent = percentile(found.milliseconds, percent)
        yield Goal(
            measure=f"processor time of an author, {name}",
            figure=f"{spent:.2f} ms",
            asked=f"at most {most:.0f} ms",
            is_met=spent <= most,
        )
    reads = f"{percentile(found.reads, 50):.0f} median, {percentile(found.reads, 99):.0f} 99th percentile"
    yield Goal(measure="keys read for an author", figure=reads)
    yield Goal(
        measure="authors without a result, or failed",
        figure=f"{len(found.missing) + found.failed}",
        asked="none",
        is_met=not found.missing and not found.failed,
    )
