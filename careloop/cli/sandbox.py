"""`careloop sandbox` and `careloop demo`."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click
from rich.console import Console

console = Console()


@click.command()
@click.option("--port", default=8765, show_default=True, help="The page's port; 0 takes any that is free.")
@click.option(
    "--folder", default=Path(".careloop"), show_default=True, type=click.Path(path_type=Path), help="Where state lives."
)
@click.option("--fresh", is_flag=True, help="Forget the state of earlier runs.")
def sandbox(port: int, folder: Path, fresh: bool) -> None:
    """Run the whole product on this machine, with a page to play with. Ctrl-C ends it; its state stays."""
    from careloop.sandbox.page import Board, serve_page
    from careloop.sandbox.view import build
    from careloop.sandbox.world import World

    if fresh:
        for name in ("world.json", "sandbox.sqlite3", "sandbox.sqlite3-wal", "sandbox.sqlite3-shm"):
            (folder / name).unlink(missing_ok=True)
    world = World(folder)
    world.start()
    board = Board(lambda: build(world))
    try:
        page = serve_page(board, world.act, port)
    except OSError as error:
        world.stop()
        raise click.ClickException(f"port {port} is taken: careloop sandbox --port 0") from error
    console.print(f"Careloop sandbox: http://127.0.0.1:{page.server_port}", highlight=False)
    console.print(f"State is kept in {folder}/; Ctrl-C ends.", style="dim", highlight=False)
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    while not done.wait(0.25):
        board.look()
    console.print("Ending; the state stays.")
    page.shutdown()
    world.stop()


@click.command()
def demo() -> None:
    """Play one customer's story in the terminal: under a minute, nothing to do."""
    from careloop.sandbox.story import play

    raise SystemExit(play(console))
