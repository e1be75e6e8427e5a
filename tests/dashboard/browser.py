"""The dashboard as its users see it: Chromium, and a tab that forgives nothing."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux import Mux
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, WebSocketRoute

#: As root and without a network of its own; a machine without a graphics card.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: What a browser says when nobody answers, which it says of every WebSocket while the sidecar is away.
AWAY = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "WebSocket connection to", "ERR_EMPTY_RESPONSE")
#: What it says of a 401.
REFUSED = ("the server responded with a status of 401", "WebSocket connection to")
LIMIT = 1000 * PATIENCE  # milliseconds
expect.set_options(timeout=LIMIT)
_TELL = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`))"""


_MEASURE = """async (data) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data: bytes } = context.getImageData(0, 0, image.width, image.height);
  let [dark, bright] = [0, 0];
  for (let at = 0; at < bytes.length; at += 4) {
    const light = 0.2126 * bytes[at] + 0.7152 * bytes[at + 1] + 0.0722 * bytes[at + 2];
    if (light < 85) dark += 1;
    if (light > 170) bright += 1;
  }
  return [dark, bright].map((pixels) => (4 * pixels) / bytes.length);
}"""


class Brightness(NamedTuple):
    """Which parts of a picture are dark and bright, from 0 to 1; what is between is neither."""

    dark: float
    bright: float


def brightness(context: BrowserContext, picture: bytes) -> Brightness:
    """How bright a screenshot is, as an empty tab measures it."""
    page = context.new_page()
    measured = page.evaluate(_MEASURE, base64.b64encode(picture).decode())
    page.close()
    return Brightness(*measured)


def link(mux: Mux) -> str:
    """A link that signs in."""
    return str(mux.rpc("mux/dashboard/url")["url"])


def becomes(read: Callable[[], object], wanted: object) -> None:
    """Wait until the sidecar says so: a page shows what was chosen before the sidecar has answered."""
    until(read, lambda seen: seen == wanted)


def deafen(page: Page) -> None:
    """Have the page's next WebSocket bring answers alone: no notification says that something has changed."""

    def join(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        route.on_message(server.send)
        server.on_message(lambda text: None if '"method"' in str(text) else route.send(text))

    page.route_web_socket("**/rpc", join)


def hold(page: Page, method: str) -> Callable[[], None]:
    """Keep back every answer to that method until what this gives is called."""
    kept: list[tuple[WebSocketRoute, str]] = []
    is_held = True

    def join(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        asked: set[object] = set()  # by ids, which begin anew with each connection

        def ask(text: str | bytes) -> None:
            request = json.loads(text)
            if request.get("method") == method:
                asked.add(request.get("id"))
            server.send(text)

        def answer(text: str | bytes) -> None:
            if is_held and json.loads(text).get("id") in asked:
                kept.append((route, str(text)))
            else:
                route.send(text)

        route.on_message(ask)
        server.on_message(answer)

    def let_go() -> None:
        nonlocal is_held
        is_held = False
        for route, text in kept:
            route.send(text)

    page.route_web_socket("**/rpc", join)
    return let_go


class Tab:
    """A tab of the browser. What its console or the security policy complains of is kept in `complaints`."""

    def __init__(self, context: BrowserContext, mux: Mux) -> None:
        self.mux = mux
        self.complaints: list[str] = []
        self.is_away_fine = False
        self.is_refusal_fine = False
        self.page: Page = context.new_page()
        self.page.add_init_script(_TELL)
        self.page.set_default_timeout(LIMIT)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @property
    def origin(self) -> str:
        """Where the dashboard is."""
        return f"http://localhost:{self.mux.port}"

    def _heard(self, message: ConsoleMessage) -> None:
        fine = (AWAY if self.is_away_fine else ()) + (REFUSED if self.is_refusal_fine else ())
        if message.type in ("error", "warning") and not any(part in message.text for part in fine):
            self.complaints.append(message.text)

    def sign_in(self, view: str = "home") -> Page:
        """Follow a link, and go to a view."""
        self.page.goto(link(self.mux))
        self.page.get_by_role("navigation").wait_for()
        return self.go(view)

    def go(self, view: str) -> Page:
        """Go to a view by its address, and wait until it is there."""
        self.page.evaluate("view => { location.hash = `#/${view}` }", view)
        self.page.locator(f"main.{view.partition('/')[0]} h1:not(.loading)").wait_for()
        return self.page

    def falls_silent(self, *frames: list[Any]) -> bool:
        """Whether there are no more frames for two seconds, once the page has been told of what happened before."""
        for _ in range(8):
            before = [len(each) for each in frames]
            self.page.wait_for_timeout(2000)
            if [len(each) for each in frames] == before:
                return True
        return False

    def violations(self) -> list[tuple[str, Any]]:
        """What axe finds, light and dark: rule, and the elements that break it."""
        found = []
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            broken = Axe().run(self.page).response["violations"]
            found += [(f"{scheme}: {rule['id']}", [node["html"][:200] for node in rule["nodes"]]) for rule in broken]
        return found
