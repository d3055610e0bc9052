"""`careloop contacts`: files in, with deletions and costs; what is in the index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from careloop.cli.main import main
from careloop.importing import fingerprint
from careloop.local.application import open_application
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.errors import UnavailableError
from chalicelib.core.ids import Cursor
from chalicelib.ports.writes import SaveCursor
from tests.fakes.runtime import World
from tests.functional.test_mirror import Comparable, Feed, following, mirrored, person


@pytest.fixture
def state(tmp_path: Path) -> str:
    return str(tmp_path / "state.db")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["contacts", *arguments], env={"COLUMNS": "200"})


def people(folder: Path, *numbers: int, name: str = "a.csv") -> str:
    rows = "".join(f"{number},Name {number},{number}@example.com\n" for number in numbers)
    (folder / name).write_text("id,name,email\n" + rows, encoding="utf-8")
    return str(folder / name)


def test_an_import_that_was_stopped_says_where_it_went_on(state: str, tmp_path: Path) -> None:
    file = people(tmp_path, 1, 2, 3)
    stored: dict[str, Any] = {"rows": 2, "contacts": 2, "changed": 2, "gone": 0, "left_out": 0, "nameless": 0}
    place = str({**stored, "bad": [], "went_on_from": 0, "file": fingerprint(Path(file), "directory", "")})
    app = open_application(Path(state))
    cursor = Cursor(place.replace("'", '"'))
    app.runtime.stores.transactions.commit(SaveCursor(name="import|directory", cursor=cursor, expected=None))

    result = run("import", file, "--local", state)

    assert "stopped after row 2: went on from there" in result.output
    assert "3 contacts read, 3 new or changed" in result.output
    assert "1 contacts of directory are in the index" in run("count", "--local", state).output
    assert "2 new or changed" in run("import", file, "--local", state).output, "what was lost meanwhile comes back"


def test_a_full_file_deletes_whom_it_lacks(state: str, tmp_path: Path) -> None:
    run("import", people(tmp_path, *range(10)), "--local", state)
    fewer = people(tmp_path, *range(1, 10))
    assert (
        "1 contacts that the file lacks were deleted"
        in run("import", fewer, "--delete-missing", "--local", state).output
    )
    assert "9 contacts of directory" in run("count", "--local", state).output


def test_very_many_are_not_deleted_unasked(state: str, tmp_path: Path) -> None:
    run("import", people(tmp_path, *range(10)), "--local", state)
    one = people(tmp_path, 1)
    refused = run("import", one, "--delete-missing", "--local", state)
    assert refused.exit_code == 1
    assert "Nothing was deleted: the file lacks 9 contacts of the index, 90%" in refused.output
    assert "10 contacts of directory" in run("count", "--local", state).output
    assert "9 contacts that" in run("import", one, "--delete-missing", "--yes", "--local", state).output


def test_nobody_is_deleted_where_a_row_names_nobody(state: str, tmp_path: Path) -> None:
    run("import", people(tmp_path, *range(10)), "--local", state)
    file = Path(people(tmp_path, *range(9)))
    file.write_text(file.read_text() + ",Nine,9@example.com\n", encoding="utf-8")
    refused = run("import", str(file), "--delete-missing", "--local", state)
    assert refused.exit_code == 1
    assert "Nothing was deleted: 1 rows do not tell which contact they are" in refused.output
    assert "10 contacts of directory" in run("count", "--local", state).output


def test_the_cost_is_told_without_storing_anything(state: str, tmp_path: Path) -> None:
    result = run("import", people(tmp_path, 1, 2), "--dry-run", "--local", state)
    assert "DynamoDB: 2 contacts with " in result.output
    assert "write units" in result.output
    assert "0 contacts of directory" in run("count", "--local", state).output


def test_a_contact_is_shown_with_its_keys(state: str, tmp_path: Path) -> None:
    run("import", people(tmp_path, 1, 2), "--local", state)
    shown = run("show", "1", "--local", state)
    assert '"name": "Name 1"' in shown.output
    assert "email:1@example.com" in shown.output
    assert run("show", "3", "--local", state).exit_code == 1
    listed = run("list", "--local", state, "--limit", "1").output
    assert ("Name 1" in listed) != ("Name 2" in listed)


def mirror(world: World, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["contacts", "mirror", "crm", *arguments], obj=world.app, env={"COLUMNS": "200"})


def test_a_crm_is_mirrored_by_hand_and_goes_on_where_it_was_stopped() -> None:
    crm = Feed([person(number) for number in range(10)])
    crm.fails_at[2] = UnavailableError("down")
    world = following(crm)

    stopped = mirror(world)
    assert stopped.exit_code == 1
    assert "unavailable" in stopped.output
    done = mirror(world)
    assert "going on from there" in done.output
    assert "crm: 6 new or changed, 0 removed. The index is whole." in done.output
    assert len(mirrored(world)) == 10

    crm.changes.append(person(3).ref)
    assert "0 new or changed, 1 removed" in mirror(world).output
    assert "1 new or changed, 1 removed" in mirror(world, "--again").output
    assert len(mirrored(world)) == 9


def test_those_that_a_crm_lost_are_removed_when_the_operator_says_so() -> None:
    crm = Comparable([person(number) for number in range(40)])
    world = following(crm)
    mirror(world)
    crm.gone = {person(number).ref.contact for number in range(30)}
    assert "0 removed" in mirror(world, "--again").output
    assert "30 removed" in mirror(world, "--deleted").output


def test_a_crm_without_a_feed_is_not_mirrored(state: str) -> None:
    app = open_application(Path(state))
    app.runtime.stores.directory.put_connection(
        Connection(kind=ConnectionKind.CRM, name="directory", connector="directory")
    )
    refused = run("mirror", "directory", "--local", state)
    assert refused.exit_code == 1
    assert "directory is not mirrored" in refused.output
