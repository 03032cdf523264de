"""How the web app looks, sounds, and answers to the keyboard."""

import json
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from services.gateway.client_types import WEB
from tests.browser.conftest import Visit

INTERACTIVE_S = 2.0
AXE = (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text
PAGES = ("/", "/for-you", "/me", "/operator")


def serious_findings(page: Page) -> list[dict[str, Any]]:
    page.evaluate(AXE())
    found = page.evaluate("axe.run()")["violations"]
    return [each for each in found if each["impact"] in {"serious", "critical"}]


def told(findings: list[dict[str, Any]]) -> str:
    return json.dumps([(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in findings], indent=1)


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1440)])
def test_the_welcome_has_no_serious_barrier(visit: Visit, scheme: str, width: int):
    page = visit(color_scheme=scheme, viewport={"width": width, "height": 900})
    expect(page.get_by_role("button", name="Agree and turn the camera on")).to_be_visible()
    findings = serious_findings(page)
    assert not findings, told(findings)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_no_page_has_a_serious_barrier(guest: Page, scheme: Literal["light", "dark"], width: int):
    guest.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    guest.set_viewport_size({"width": width, "height": 900})
    for path in PAGES:
        guest.goto(path)
        expect(guest.get_by_role("heading", level=1)).to_be_visible()
        if path in {"/", "/for-you"}:
            expect(guest.locator(".card h3").first).to_be_visible()
        findings = serious_findings(guest)
        assert not findings, f"{path}: {told(findings)}"


def test_the_page_is_interactive_soon(visit: Visit):
    page = visit()
    expect(page.get_by_role("button", name="Agree and turn the camera on")).to_be_enabled()
    timing = page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
    assert timing["domInteractive"] / 1000 < INTERACTIVE_S


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_is_wider_than_a_phone(guest: Page, language: str):
    guest.evaluate("language => localStorage.setItem('emoverse.language', language)", language)
    guest.set_viewport_size({"width": 360, "height": 740})
    for path in PAGES:
        guest.goto(path)
        expect(guest.get_by_role("heading", level=1)).to_be_visible()
        if path in {"/", "/for-you"}:
            expect(guest.locator(".card h3").first).to_be_visible()
        assert guest.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_the_keyboard_reaches_everything(guest: Page):
    guest.goto("/for-you")
    expect(guest.locator(".card h3").first).to_be_visible()
    guest.keyboard.press("Tab")
    expect(guest.get_by_role("link", name="Skip to the content")).to_be_focused()
    guest.keyboard.press("Enter")
    guest.keyboard.press("Tab")
    expect(guest.get_by_role("radio", name="Decide for me")).to_be_focused()
    guest.keyboard.press("ArrowRight")
    expect(guest.get_by_role("radio", name="Match my mood")).to_be_checked()
    guest.keyboard.press("Tab")
    guest.keyboard.press("ArrowRight")
    expect(guest.get_by_role("tab", name="Music")).to_have_attribute("aria-selected", "true")


def turn_down_elsewhere(page: Page, title: str) -> None:
    """As another page of the same person does."""
    page.evaluate(
        "title => fetch('/v1/users/me/recommendations?kind=all&count=100').then(r => r.json()).then(({picks}) => fetch("
        "'/v1/users/me/feedback', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify("
        "{item_id: picks.find(p => p.item.title === title).item.id, action: 'dislike'})}))",
        title,
    )


def test_a_list_does_not_change_under_the_pointer(guest: Page):
    guest.goto("/for-you")
    first = guest.locator(".card h3").first
    expect(first).to_be_visible()
    guest.locator(".card").first.hover()
    shown = first.text_content() or ""
    turn_down_elsewhere(guest, shown)
    expect(guest.get_by_text("New picks for your mood")).to_be_visible()
    expect(first).to_have_text(shown)
    guest.mouse.move(0, 0)
    expect(first).not_to_have_text(shown)


def test_a_list_that_went_from_under_the_pointer_is_free_again(guest: Page):
    guest.get_by_role("link", name="For you").click()
    guest.locator(".for-you .card").first.hover()
    guest.go_back()
    first = guest.locator(".best .card h3").first
    shown = first.text_content() or ""
    turn_down_elsewhere(guest, shown)
    expect(first).not_to_have_text(shown)


def test_the_page_speaks_german_and_remembers(visit: Visit):
    page = visit()
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_role("button", name="Zustimmen und Kamera einschalten")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "de"
    page.reload()
    expect(page.get_by_role("button", name="Zustimmen und Kamera einschalten")).to_be_visible()


def test_the_theme_can_be_chosen(visit: Visit):
    page = visit(color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_label("Theme").select_option("dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
