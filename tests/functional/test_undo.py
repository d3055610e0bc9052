"""Whatever agents decide, in whatever order: each decision stands alone, and undoing it restores the state before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.people import Verdict
from tests.functional.test_deciding import KIM, Scene

RECORDS = ("41", "42", "C-9")
decisions = st.lists(
    st.one_of(
        st.tuples(st.just("/link"), st.sampled_from(RECORDS)),
        st.just(("/unlink", "")),
        st.just(("/not-a-customer", "")),
        st.just(("message", "")),
        st.just(("minute", "")),
    ),
    min_size=1,
    max_size=6,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a link shows in: what is remembered, the case, the pointers, the CRM, the requester."""

    identity: str | None
    linked: str | None
    verdict: Verdict
    pointers: tuple[int, ...]
    crm: frozenset[tuple[str, str]]
    interactions: frozenset[str]
    requester: str


def seen(scene: Scene) -> Seen:
    identity = scene.system.stores.identities.find_identity(KIM)
    requester = scene.case().requester
    return Seen(
        identity=identity.contact.contact if identity else None,
        linked=scene.contact(),
        verdict=scene.match().verdict,
        pointers=tuple(scene.open_of(contact) for contact in RECORDS),
        crm=frozenset(scene.book.identities),
        interactions=frozenset(contact for contact, _ in scene.book.interactions),
        requester=str(requester),
    )


def play(scene: Scene, steps: list[tuple[str, str]]) -> None:
    for number, (what, record) in enumerate(steps):
        if what == "message":
            scene.write(f"n{number}", text="And now?")
        elif what == "minute":
            scene.minute()
        else:
            scene.note(f"{what} {record}".strip())
    scene.minute()
    scene.minute()


def expected(steps: list[tuple[str, str]]) -> str | None:
    """The record that stands: the last link that nothing took back."""
    standing: str | None = None
    for what, record in steps:
        if what == "/link":
            standing = record
        elif what in ("/unlink", "/not-a-customer"):
            standing = None
    return standing


@settings(max_examples=12, deadline=None)
@given(decisions)
def test_the_last_decision_stands_everywhere(steps: list[tuple[str, str]]) -> None:
    scene = Scene()
    scene.write(text="Hello")
    play(scene, steps)
    record = expected(steps)
    now = seen(scene)
    assert (now.identity, now.linked) == (record, record)
    assert now.pointers == tuple(int(contact == record) for contact in RECORDS)
    assert now.crm == (frozenset({(record, "agora:kim")}) if record else frozenset())
    assert now.interactions == (frozenset({record}) if record else frozenset())


@settings(max_examples=12, deadline=None)
@given(decisions, st.sampled_from(RECORDS))
def test_undoing_a_link_restores_the_state_before(steps: list[tuple[str, str]], record: str) -> None:
    """But for what the agent ruled out by it."""
    scene = Scene()
    scene.write(text="Hello")
    play(scene, [*steps, ("/unlink", "")])
    before = seen(scene)
    scene.note(f"/link {record}")
    scene.minute()
    assert seen(scene) != before
    scene.note("/unlink")
    scene.minute()
    assert seen(scene) == before
    ruled: list[Any] = [item.contact.contact for item in scene.system.stores.identities.rejections(KIM) if item.contact]
    assert record in ruled
