"""``python -m tests.e2e.servers install|start|stop|status [name ...]``: real servers from a shell.

    install   install what is missing (two heavy ones at once at most)
    start     install, and start with fresh state; they run on when the command ends
    stop      stop
    status    what is installed, what runs, where, and with how much memory

Options: ``-o key=value`` gives a start option (``-o hook_url=http://127.0.0.1:8000/...``); ``--strict`` ends with 1 if
anything was skipped. Without names: all servers.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.servers import browser
from tests.e2e.servers.base import LocalServer, ServerError
from tests.e2e.servers.catalogue import NAMES, server_class
from tests.e2e.servers.installing import NotInstallable

_BROWSER = "browser"
_COLUMNS = ("server", "outcome", "install s", "start s", "MiB", "address or reason")
_WIDTHS = (15, 10, 9, 8, 6, 0)
_AT_ONCE = 2

Options = dict[str, str | int]
Row = tuple[str, float | None, float | None, float | None, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 2 for wrong usage, 1 for a failure (and, strictly, for a skip), else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.e2e.servers", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("command", choices=("install", "start", "stop", "status"))
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join([*NAMES, _BROWSER])}")
    parser.add_argument("-o", dest="options", action="append", default=[], metavar="key=value")
    parser.add_argument("--strict", action="store_true", default=bool(os.environ.get("CARELOOP_E2E_STRICT")))
    given = parser.parse_args(arguments)
    names = given.names or [*NAMES, _BROWSER]
    unknown = sorted(set(names) - {*NAMES, _BROWSER})
    if unknown:
        parser.error(f"no such server: {', '.join(unknown)}")
    options = dict(_option(parser, each) for each in given.options)
    begun = time.monotonic()
    print("  ".join(title.ljust(width) for title, width in zip(_COLUMNS, _WIDTHS, strict=True)).rstrip(), flush=True)
    with ThreadPoolExecutor(_AT_ONCE if given.command in ("install", "start") else 1) as pool:
        outcomes = list(pool.map(lambda name: _run_one(given.command, name, options), names))
    done, skipped, failed = (sum(outcome == kind for outcome in outcomes) for kind in ("ok", "skipped", "failed"))
    print(f"{done} done, {skipped} skipped, {failed} failed in {time.monotonic() - begun:.1f} s")
    return 1 if failed or (given.strict and skipped) else 0


def _option(parser: argparse.ArgumentParser, text: str) -> tuple[str, str | int]:
    """``key=value``; a value of digits is a number."""
    key, separator, value = text.partition("=")
    if not separator:
        parser.error(f"-o {text}: key=value is needed")
    return key, int(value) if value.isdigit() else value


def _run_one(command: str, name: str, options: Options) -> str:
    """One server's line of the table; returns ok, skipped or failed."""
    try:
        if name == _BROWSER:
            _print_row(name, *_browser(command))
        else:
            _print_row(name, *_COMMANDS[command](server_class(name)(keep=True), options))
    except NotInstallable as error:
        _print_row(name, "skipped", None, None, None, error.reason)
        return "skipped"
    except (ServerError, OSError, TypeError, ValueError) as error:
        _print_row(name, "FAILED", None, None, None, str(error))
        return "failed"
    return "ok"


def _install(server: LocalServer, _: Options) -> Row:
    server.install()
    return "installed", server.install_seconds, None, None, server.summary


def _start(server: LocalServer, options: Options) -> Row:
    server.install()
    server.reset()
    server.start(**options)
    return "started", server.install_seconds, server.start_seconds, server.memory_mib, server.url


def _stop(server: LocalServer, _: Options) -> Row:
    was_running = server.is_running()
    server.stop()
    return "stopped" if was_running else "-", None, None, None, ""


def _status(server: LocalServer, _: Options) -> Row:
    if server.is_running():
        return "running", server.install_seconds, server.start_seconds, server.memory_mib, server.url
    return "installed" if server.is_installed else "absent", server.install_seconds, None, None, ""


def _browser(command: str) -> Row:
    if command in ("install", "start"):
        browser.install()
    outcome = "installed" if browser.is_installed() else "absent"
    return (
        outcome,
        browser.install_seconds(),
        None,
        None,
        "Chromium for RT's pages; started by tests" if command != "stop" else "",
    )


_COMMANDS: dict[str, Callable[[LocalServer, Options], Row]] = {
    "install": _install,
    "start": _start,
    "stop": _stop,
    "status": _status,
}


def _print_row(
    name: str, outcome: str, install: float | None, start: float | None, memory: float | None, words: str
) -> None:
    cells = [name, outcome, *("" if number is None else f"{number:.1f}" for number in (install, start, memory)), words]
    print("  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
