"""The web app while something is away."""

import re

from playwright.sync_api import FilePayload, Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.test_visits import open_picks


def test_a_part_of_the_page_that_is_not_there_costs_one_load_at_most(watched: Page):
    for part in ("chart", "steps-de"):
        watched.route(f"**/{part}-*.js", lambda route: route.fulfill(status=404))
    loads: list[str] = []
    watched.on("framenavigated", lambda frame: loads.append(frame.url))
    watched.get_by_role("link", name="Me", exact=True).click()
    expect(watched.get_by_text("The chart could not be loaded.")).to_be_visible()
    with watched.expect_response(re.compile("/assets/steps-de-")):
        watched.get_by_label("Language").select_option("de")
    expect(watched.get_by_role("link", name="Für dich")).to_be_visible()
    assert len(loads) <= 2


def test_what_cannot_be_fetched_without_a_network_leaves_the_page_as_it_is(guest: Page):
    first = open_picks(guest)[0]
    guest.context.set_offline(True)
    with guest.expect_event("requestfailed", lambda request: "steps-de-" in request.url):
        guest.get_by_label("Language").select_option("de")
    expect(guest.get_by_role("heading", name=first, exact=True)).to_be_visible()
    expect(guest.get_by_role("link", name="Für dich")).to_be_visible()


def test_picks_that_cannot_be_loaded_are_asked_for_again(visit: Visit):
    page = visit()
    page.route("**/recommendations?*", lambda route: route.fulfill(status=503))
    page.get_by_role("button", name="Pick a mood by hand").click()
    page.get_by_role("button", name="Sad", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("The picks could not be loaded.")
    # What the page asks for by itself must not take the button away: nothing is answered before it was clicked.
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    page.route("**/recommendations?*", hold)
    with page.expect_request("**/recommendations?*"):
        page.get_by_role("button", name="Try again").click()
    page.route("**/recommendations?*", lambda route: route.continue_())
    for route in asked:
        route.continue_()
    expect(page.locator(".best .card h3").first).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_picture_is_called_unreadable_only_where_it_is(visit: Visit, happy_picture: bytes):
    page = visit()
    upload = page.get_by_label("Upload a picture")
    upload.set_input_files(FilePayload(name="me.png", mimeType="image/png", buffer=b"no picture"))
    expect(page.get_by_text("The picture could not be read.")).to_be_visible()
    page.route("**/v1/images", lambda route: route.abort())
    upload.set_input_files(FilePayload(name="me.png", mimeType="image/png", buffer=happy_picture))
    expect(page.get_by_text("The server does not answer.")).to_be_visible()
