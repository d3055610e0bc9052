"""An agent at work in Request Tracker's own pages, in a real browser (Debian's Chromium through playwright).

with AgentBrowser(rt, shots=folder) as agent:
    agent.log_in()
    agent.open(ticket)
    agent.reply(ticket, "It left today.", resolve=True)
    agent.screenshot("after")
"""

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tests.e2e.servers import installing
from tests.e2e.servers.rt import AGENT, RequestTracker

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

CHROMIUM = Path("/usr/bin/chromium")
_PACKAGES = ["chromium", "fonts-noto-color-emoji"]
_RECIPE = "debian chromium, 1"
_EDITOR_FRAME = "iframe.cke_wysiwyg_frame"
_EDITOR_IS_READY = "() => window.CKEDITOR?.instances?.UpdateContent?.status === 'ready'"
_EDITOR_HOLDS = "(text) => CKEDITOR.instances.UpdateContent.editable().getText().includes(text)"


def install() -> None:
    """Install Debian's Chromium and an emoji font once; ``NotInstallable`` also when playwright is not installed here."""
    if find_spec("playwright") is None:
        raise installing.NotInstallable(f"playwright is not installed for {sys.executable}")
    folder = installing.home() / "install" / "browser"
    installing.install_once(
        folder,
        recipe=_RECIPE,
        is_there=CHROMIUM.exists,
        make=lambda log: installing.apt_install(_PACKAGES, log=log),
        heavy=True,
    )


def install_seconds() -> float | None:
    """How long the one installation took; None before it."""
    stamp = installing.read_stamp(installing.home() / "install" / "browser")
    return stamp["seconds"] if stamp else None


class AgentBrowser:
    """One browser with one agent of ``rt``. Screenshots go to ``shots``, numbered in their order, when it is given.

    A context manager. All waiting is for what the page shows; playwright's own ``TimeoutError`` says what was missing.
    """

    def __init__(
        self, rt: RequestTracker, *, name: str = AGENT, shots: Path | None = None, timeout: float = 30.0
    ) -> None:
        self._rt = rt
        self._name = name
        self._shots = shots
        self._taken = 0
        self._timeout = timeout
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._page: Page | None = None

    def __enter__(self) -> Self:
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        self._browser = self._playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        self._page = self._browser.new_page(viewport={"width": 1280, "height": 1200})
        self._page.set_default_timeout(self._timeout * 1000)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._page is not None:
            self.screenshot("failure")
        if self._browser is not None:
            self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()

    @property
    def page(self) -> "Page":
        """The page itself, for whatever is not here."""
        if self._page is None:
            raise RuntimeError("use AgentBrowser in a with block")
        return self._page

    # -- what an agent does -------------------------------------------------------------------------------------------

    def log_in(self) -> None:
        """Log in on RT's login page with the agent's password."""
        self.page.goto(f"{self._rt.url}/")
        self.page.fill("input[name=user]", self._name)
        self.page.fill("input[name=pass]", self._rt.agent_password)
        self.screenshot("login")
        self.page.click("form#login input[type=submit]")
        self.page.wait_for_selector("#li-preferences-logout, a[href$='/NoAuth/Logout.html']", state="attached")

    def open(self, ticket: int) -> None:
        """Show a ticket with its whole history."""
        self.page.goto(f"{self._rt.url}/Ticket/Display.html?id={ticket}")
        self.page.wait_for_selector(".history .transaction", state="attached")
        self.page.wait_for_load_state("networkidle")

    def reply(self, ticket: int, text: str, *, resolve: bool = False) -> None:
        """Type a public reply in RT's editor and send it; with ``resolve`` in the same form."""
        self._update(ticket, "Respond", text, status="resolved" if resolve else None)

    def reply_quoting(self, ticket: int, text: str) -> None:
        """Press the reply arrow beside the newest message, as most agents do: RT quotes it, and ``text`` goes above."""
        self.open(ticket)
        self.page.locator(".transaction a.reply-link, .transaction a:has-text('Reply')").last.click()
        self._send_update(text + "\n\n", status=None)

    def comment(self, ticket: int, text: str) -> None:
        """Type an internal comment in RT's editor and send it."""
        self._update(ticket, "Comment", text, status=None)

    def resolve(self, ticket: int) -> None:
        """Resolve through the ticket's own menu, without a word."""
        self._update(ticket, "Comment", "", status="resolved")

    def text(self) -> str:
        """What the page shows now, as plain text."""
        return self.page.inner_text("body")

    def screenshot(self, name: str) -> Path | None:
        """Picture of the whole page as ``NN-name.png`` below the folder of pictures; None without one."""
        if self._shots is None:
            return None
        self._shots.mkdir(parents=True, exist_ok=True)
        self._taken += 1
        path = self._shots / f"{self._taken:02d}-{name}.png"
        self.page.screenshot(path=path, full_page=True)
        return path

    # -- the form -----------------------------------------------------------------------------------------------------

    def _update(self, ticket: int, action: str, text: str, *, status: str | None) -> None:
        self.page.goto(f"{self._rt.url}/Ticket/Update.html?id={ticket}&Action={action}")
        self._send_update(text, status=status)

    def _send_update(self, text: str, *, status: str | None) -> None:
        self._type(text)
        if status:
            self.page.select_option("select[name=Status]", status)
        self.screenshot("form")
        with self.page.expect_navigation(url="**/Ticket/Display.html*"):
            self.page.click("input[name=SubmitTicket]")
        self.page.wait_for_selector(".history .transaction", state="attached")
        self.screenshot("sent")

    def _type(self, text: str) -> None:
        """Into the rich editor, or the plain box of an agent who switched it off; above what RT has put there."""
        self.page.wait_for_selector("textarea[name=UpdateContent]", state="attached")
        if self.page.locator("textarea[name=UpdateContent].richtext").count() == 0:
            self.page.press("textarea[name=UpdateContent]", "Control+Home")
            self.page.type("textarea[name=UpdateContent]", text)
            return
        # The editor takes the box's place late, and what is typed before it is ready is lost.
        self.page.wait_for_function(_EDITOR_IS_READY)
        body = self.page.frame_locator(_EDITOR_FRAME).locator("body[contenteditable=true]")
        body.click()
        body.press("Control+Home")
        for number, line in enumerate(text.split("\n")):
            if number:
                body.press("Shift+Enter")
            self.page.keyboard.insert_text(line)
        self.page.wait_for_function(_EDITOR_HOLDS, arg=text.split("\n")[0])


def is_installed() -> bool:
    """True when ``install`` has nothing to do."""
    return CHROMIUM.exists() and find_spec("playwright") is not None and shutil.which("chromium") is not None
