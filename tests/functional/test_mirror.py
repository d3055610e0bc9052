"""The mirror of a CRM in the contact index: when it is read, how it follows, and what a crash leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.mirror import MirrorState, as_cursor, cursor_name
from chalicelib.core.policy import CarePolicy
from chalicelib.pipeline.mirror import is_mirrored
from chalicelib.ports.writes import SaveCursor
from tests.fakes.runtime import World


def lists(world: World, **capabilities: bool) -> None:
    sheet = world.connectors.crm_sheet
    world.connectors.crm_sheet = replace(sheet, capabilities=replace(sheet.capabilities, **capabilities))


def whole_since(world: World) -> None:
    state = as_cursor(MirrorState(complete_at=world.clock.now()))
    world.runtime.stores.transactions.commit(SaveCursor(name=cursor_name("crm"), cursor=state, expected=None))


def test_a_mirror_is_read_when_it_is_whole_and_fresh() -> None:
    world = World()
    lists(world, lists_contacts=True)
    assert not is_mirrored(world.runtime, "crm")
    whole_since(world)
    assert is_mirrored(world.runtime, "crm")
    world.clock.advance(hours=25)
    assert not is_mirrored(world.runtime, "crm")


def test_a_mirror_that_is_switched_off_is_not_read() -> None:
    world = World()
    lists(world, lists_contacts=True)
    whole_since(world)
    directory = world.runtime.stores.directory
    directory.put_policy(CarePolicy(mirror_every=timedelta()))
    assert not is_mirrored(world.runtime, "crm")
    directory.put_policy(CarePolicy())
    assert is_mirrored(world.runtime, "crm")
    options = {"mirror": "no"}
    directory.put_connection(Connection(kind=ConnectionKind.CRM, name="crm", connector="fake", options=options))
    assert not is_mirrored(world.runtime, "crm")


def test_the_built_in_directory_is_the_index_and_a_crm_without_a_feed_is_not() -> None:
    world = World()
    whole_since(world)
    assert not is_mirrored(world.runtime, "crm")
    lists(world, in_index=True)
    assert is_mirrored(world.runtime, "crm")
