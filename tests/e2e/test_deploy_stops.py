"""`chalice deploy` ends after one of its calls that change something; the next `make deploy` brings it to its end, with
one mapping per queue and the same API. First a deploy from nothing, then one over what stands.

Each kind of call, where it comes first and where it comes last; with ``CARELOOP_ALL_STOPS=1`` each call (minutes).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from chalice.deploy.deployer import ChaliceDeploymentError
from click.testing import CliRunner

from careloop.cli.main import main
from tests.functional.deployed import Site, Stopped, check_deployed, site


def bind(place: Site, *arguments: str) -> None:
    result = CliRunner().invoke(main, ["bind", *arguments], obj=place.tools)
    assert result.exit_code == 0, result.output


def calls_of(folder: Path, *, again: bool) -> list[str]:
    with site(folder) as place:
        place.make_queues()
        for _ in range(2 if again else 1):
            place.deploy()
        return place.calls


def chosen(calls: list[str]) -> list[int]:
    """The numbers of the calls to stop after."""
    if os.environ.get("CARELOOP_ALL_STOPS"):
        return list(range(len(calls)))
    last = {operation: number for number, operation in enumerate(calls)}
    return sorted({*(calls.index(operation) for operation in last), *last.values()})


@pytest.mark.parametrize("again", [False, True], ids=["first", "over another"])
def test_a_deploy_that_stops_anywhere_is_mended_by_the_next(tmp_path: Path, again: bool) -> None:
    calls = calls_of(tmp_path / "counted", again=again)
    assert len(calls) > 20
    for number in chosen(calls):
        operation = calls[number]
        with site(tmp_path / str(number)) as place:
            place.make_queues()
            if again:
                place.deploy()
                bind(place)
            with pytest.raises(Stopped):
                place.deploy(stop_after=number)
            assert place.calls[-1] == operation
            apis = place.apis()

            bind(place, "--before")
            place.deploy()
            bind(place)

            check_deployed(place)
            assert not apis or place.apis() == apis, f"another address after {operation}"


def test_without_that_the_next_deploy_fails(tmp_path: Path) -> None:
    """Why there is `bind --before` at all."""
    with site(tmp_path / "project") as place:
        place.make_queues()
        with pytest.raises(Stopped):
            place.deploy(stop_after="CreateEventSourceMapping")

        with pytest.raises(ChaliceDeploymentError, match="ResourceConflict"):
            place.deploy()


def test_destroy_takes_what_a_stopped_deploy_left(tmp_path: Path) -> None:
    with site(tmp_path / "project") as place:
        place.make_queues()
        with pytest.raises(Stopped):
            place.deploy(stop_after="ImportRestApi")

        result = CliRunner().invoke(main, ["destroy", "--stage", "dev", "--confirm", "dev"], obj=place.tools)

        assert result.exit_code == 0, result.output
        assert not place.functions()
        assert not place.mappings()
        assert not place.apis()
        assert not place.client("iam").list_roles()["Roles"]
        assert not place.client("events").list_rules()["Rules"]
