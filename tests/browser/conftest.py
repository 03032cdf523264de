"""A real browser with a fake webcam, before the whole system as `make run` starts it."""

import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Final

import cv2
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright

from contracts.emotion import Emotion
from services.capture.demo import draw_face
from services.gateway.pages import DIST
from tests.browser.spotify import served_spotify
from tests.browser.stage import System, find_chromium, launch, running_system, write_clip
from tests.gateway.spotify_server import CLIENT_ID, FakeSpotify

PATIENCE_MS: Final = 30_000
"""How long what is expected on a page may take on a busy machine."""

TOLD: Final = ("Failed to load resource", "WebSocket connection to")
"""What went wrong at the server is shown to the person; the console repeats it."""

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser and a whole system start slowly. They come last: from its first test on, Playwright keeps an event loop
    running in this thread, beside which no other test could run one of its own."""
    for item in items:
        if _is_ours(item):
            item.add_marker(pytest.mark.timeout(300))
            item.add_marker(pytest.mark.system)
    items.sort(key=_is_ours)


def _is_ours(item: pytest.Item) -> bool:
    return Path(__file__).parent in item.path.parents


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program, or a skipped test."""
    found = find_chromium()
    if found is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    if not (DIST / "index.html").is_file():
        pytest.skip("the web app is not built: make web")
    return found


@pytest.fixture(scope="session")
def spotify() -> FakeSpotify:
    return FakeSpotify(knows_everything=True)


@pytest.fixture(scope="session")
def system(chromium: str, spotify: FakeSpotify, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with served_spotify(spotify) as url:
        known = {"SPOTIFY_CLIENT_ID": CLIENT_ID, "SPOTIFY_ACCOUNTS_URL": url, "SPOTIFY_API_URL": f"{url}/v1"}
        with running_system(tmp_path_factory.mktemp("system"), known) as running:
            yield running


@pytest.fixture(scope="session")
def playwright() -> Generator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Browser]:
    """A browser whose user lets every page have the camera."""
    clip = tmp_path_factory.mktemp("clip") / "face.y4m"
    write_clip(clip)
    with launch(playwright, chromium, clip) as running:
        yield running


@pytest.fixture(scope="session")
def refusing_browser(playwright: Playwright, chromium: str) -> Generator[Browser]:
    """A browser whose user lets no page have the camera."""
    with launch(playwright, chromium, None) as running:
        yield running


@pytest.fixture(scope="session")
def happy_picture() -> bytes:
    """A PNG of the drawn face, smiling."""
    _, png = cv2.imencode(".png", draw_face(Emotion.HAPPY, jitter=0))
    return png.tobytes()


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, system: System) -> Generator[Visit]:
    """Opens a page as somebody who was never here; fails the test for what a browser's console complains about."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(TOLD):
            complaints.append(message.text)

    def open_page(path: str = "/", *, of: Browser = browser, **options: object) -> Page:
        context = of.new_context(base_url=system.url, locale="en", **options)  # pyright: ignore[reportArgumentType]
        contexts.append(context)
        page = context.new_page()
        page.on("console", on_console)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def watched(visit: Visit) -> Page:
    """A page of somebody who agreed, with the camera on and a mood read."""
    page = visit()
    page.get_by_role("button", name="Agree and turn the camera on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^You look "))
    return page


@pytest.fixture
def guest(visit: Visit) -> Page:
    """A page of somebody who said how they feel, and shows no camera."""
    page = visit()
    page.get_by_role("button", name="Pick a mood by hand").click()
    page.get_by_role("button", name="Sad", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You said: sad")
    return page
