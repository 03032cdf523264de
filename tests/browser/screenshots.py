"""`python -m tests.browser.screenshots`: the pictures in the README, of the running system."""

import re
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.stage import find_chromium, launch, running_system, write_clip

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
DESKTOP: Final = (1440, 900)
PHONE: Final = (390, 844)
PATIENCE_MS: Final = 60_000
SETTLE_MS: Final = 6_000
"""So long a mood is watched before its picture is taken."""

Scheme = Literal["light", "dark"]


@contextmanager
def visitor(browser: Browser, url: str, size: tuple[int, int], scheme: Scheme) -> Generator[Page]:
    """Somebody who was never here."""
    width, height = size
    with browser.new_context(
        base_url=url, viewport={"width": width, "height": height}, color_scheme=scheme, locale="en"
    ) as context:
        page = context.new_page()
        page.goto("/")
        yield page


def watch(page: Page) -> None:
    """Agree, turn the camera on, and wait until the face is happy, and the mood as well."""
    page.get_by_role("button", name="Agree and turn the camera on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You look happy")
    page.wait_for_timeout(SETTLE_MS)
    expect(page.locator(".boxes li")).to_contain_text("Happy")
    expect(page.get_by_role("heading", level=1)).to_have_text("You look happy")


def picks(page: Page) -> None:
    """Go to the picks, and wait until they stand still."""
    page.get_by_role("link", name="For you").click()
    expect(page.locator(".for-you .card h3").first).to_be_visible()
    page.wait_for_function("document.getAnimations().every(({ playState }) => playState !== 'running')")


def shoot(page: Page, name: str) -> None:
    """Save what the window shows."""
    FOLDER.mkdir(exist_ok=True)
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")


def take_all(browser: Browser, url: str) -> None:
    """Every picture."""
    with visitor(browser, url, DESKTOP, "light") as page:
        watch(page)
        shoot(page, "now")
        picks(page)
        shoot(page, "for-you")
    with visitor(browser, url, PHONE, "light") as page:
        expect(page.get_by_role("button", name=re.compile("Agree"))).to_be_visible()
        shoot(page, "welcome-phone")
    with visitor(browser, url, PHONE, "dark") as page:
        watch(page)
        shoot(page, "now-phone-dark")
        page.get_by_role("link", name="Me", exact=True).click()
        expect(page.locator(".chart canvas")).to_be_visible()
        shoot(page, "me-phone-dark")
    with visitor(browser, url, PHONE, "light") as page:
        watch(page)
        picks(page)
        shoot(page, "for-you-phone")


def main() -> None:
    """Start the system, and take every picture."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium is installed: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        clip = Path(folder, "face.y4m")
        write_clip(clip)
        with running_system(Path(folder)) as system, launch(playwright, chromium, clip) as browser:
            take_all(browser, system.url)


if __name__ == "__main__":
    main()
