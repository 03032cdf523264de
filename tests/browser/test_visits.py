"""What a person does with the web app, from the first visit to leaving for good."""

import json
import re
import time

import httpx
import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from contracts.recommendation import Kind
from tests.browser.conftest import Visit
from tests.browser.stage import System
from tests.browser.test_form import serious_findings, told
from tests.gateway.spotify_server import FakeSpotify

RESTART_MS = 90_000
"""How long a killed gateway may take to answer again."""
FIRST_MOOD_S = 10
"""From the camera turned on to the first mood."""
LIFTING = {"good_for": "sad", "rating": "10", "votes": "9000000", "valence": "0.7", "arousal": "0.2"}
"""What is shown early to somebody who is sad."""


def titles(page: Page) -> list[str]:
    return page.locator(".for-you .card h3").all_text_contents()


def open_picks(page: Page, kind: str = "Music") -> list[str]:
    page.get_by_role("link", name="For you").click()
    page.get_by_role("tab", name=kind).click()
    expect(page.locator(".for-you .cards h3").first).to_be_visible()
    return titles(page)


def verdict(page: Page, action: str, title: str) -> None:
    page.get_by_role("button", name=f"{action}: {title}", exact=True).click()


def test_consent_comes_before_the_camera_and_a_mood_soon_after(visit: Visit):
    page = visit(viewport={"width": 390, "height": 844})
    expect(page.get_by_role("heading", name="Before the camera goes on")).to_be_visible()
    upload = "fetch('/v1/images', {method: 'POST', body: new FormData()}).then(r => r.status)"
    assert page.evaluate(upload) in {401, 403}
    began_s = time.monotonic()
    page.get_by_role("button", name="Agree and turn the camera on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^You look "))
    assert time.monotonic() - began_s < FIRST_MOOD_S
    assert page.evaluate("scrollY") == 0
    expect(page.locator(".boxes li")).to_have_count(1)
    expect(page.locator("li.bar.top .share")).to_have_text(re.compile(r"^\d+%$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("You look happy")


def test_a_refused_camera_leaves_other_ways(visit: Visit, refusing_browser: Browser):
    page = visit(of=refusing_browser)
    page.get_by_role("button", name="Agree and turn the camera on").click()
    expect(page.get_by_text("The camera was refused.")).to_be_visible()
    page.get_by_role("button", name="That’s not right").click()
    page.get_by_role("button", name="Happy", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You said: happy")
    expect(page.locator(".best .card h3").first).to_be_visible()


def test_a_picture_is_read_and_its_mood_used(visit: Visit, happy_picture: bytes):
    page = visit()
    file = {"name": "me.png", "mimeType": "image/png", "buffer": happy_picture}
    page.get_by_label("Upload a picture").set_input_files(file)  # pyright: ignore[reportArgumentType]
    expect(page.get_by_text("One face was found.")).to_be_visible()
    expect(page.locator(".picture-result .boxes li")).to_have_text(re.compile("Happy"))


def test_the_terms_come_before_a_picture_is_uploaded(guest: Page):
    expect(guest.get_by_label("Upload a picture")).to_have_count(0)
    guest.get_by_role("button", name="Upload a picture").click()
    expect(guest.get_by_role("heading", name="Before the camera goes on")).to_be_visible()
    expect(guest.get_by_label("Upload a picture")).to_be_enabled()


def test_who_is_asked_to_agree_may_go_on_without(guest: Page):
    terms = guest.get_by_role("heading", name="Before the camera goes on")
    heading = guest.get_by_role("heading", level=1)

    def ask() -> None:
        guest.get_by_role("link", name="Now").click()
        guest.get_by_role("button", name="Turn the camera on").click()
        expect(terms).to_be_visible()

    ask()
    guest.get_by_role("button", name="Not now").click()
    expect(heading).to_have_text("You said: sad")
    ask()
    guest.get_by_role("link", name="Now").click()
    expect(heading).to_have_text("You said: sad")
    ask()
    guest.get_by_role("link", name="For you").click()
    expect(heading).to_have_text("For you")
    ask()
    guest.get_by_role("button", name="Pick a mood by hand").click()
    guest.get_by_role("button", name="Happy", exact=True).click()
    expect(heading).to_have_text("You said: happy")
    expect(guest.get_by_text("The camera is off.")).to_be_visible()


def test_a_skipped_pick_leaves_the_list_for_good(guest: Page):
    first = open_picks(guest)[0]
    verdict(guest, "Not for me", first)
    expect(guest.get_by_role("heading", name=first, exact=True)).to_have_count(0)
    with guest.expect_response(lambda response: response.url.endswith("/feedback")) as sent:
        pass
    assert sent.value.status == 201
    guest.reload()
    assert first not in open_picks(guest)


def test_a_verdict_can_be_undone(guest: Page):
    before = open_picks(guest)
    verdict(guest, "Not now", before[1])
    expect(guest.get_by_role("heading", name=before[1], exact=True)).to_have_count(0)
    guest.get_by_role("button", name="Undo").click()
    expect(guest.get_by_role("heading", name=before[1], exact=True)).to_be_visible()
    assert titles(guest)[:3] == before[:3]


def test_a_verdict_that_was_sent_already_can_be_undone(guest: Page):
    title = open_picks(guest)[1]
    verdict(guest, "Not for me", title)
    # What is shown there is sent first.
    guest.get_by_role("link", name="Me", exact=True).click()
    expect(guest.locator(".said")).to_contain_text(title)
    with guest.expect_response(lambda response: response.request.method == "DELETE") as taken_back:
        guest.get_by_role("button", name="Undo").click()
    assert taken_back.value.status == 204
    expect(guest.get_by_text("Undone")).to_be_visible()
    expect(guest.locator(".said")).not_to_contain_text(title)
    guest.reload()
    expect(guest.get_by_text("Nothing yet. Like, save or turn down a pick")).to_be_visible()


def test_a_like_is_kept_and_changes_what_comes(guest: Page):
    before = open_picks(guest)
    with guest.expect_response(lambda response: response.url.endswith("/feedback")):
        verdict(guest, "Like", before[0])
    expect(guest.get_by_role("button", name=f"Like: {before[0]}", exact=True)).to_have_attribute("aria-pressed", "true")
    guest.get_by_role("link", name="Me", exact=True).click()
    expect(guest.get_by_role("heading", name="Liked")).to_be_visible()
    expect(guest.locator(".said").get_by_text(before[0], exact=False)).to_be_visible()
    expect(guest.get_by_role("heading", name="What we think you like")).to_be_visible()
    guest.locator(".taste .belief").first.click()
    expect(guest.locator(".because").get_by_text(before[0], exact=False)).to_be_visible()
    guest.locator(".said").get_by_role("button", name=f"Take back: {before[0]}", exact=True).click()
    expect(guest.get_by_role("heading", name="Liked")).to_have_count(0)
    expect(guest.get_by_role("heading", name="What we think you like")).to_have_count(0)


def test_who_wants_less_of_something_says_so(guest: Page):
    liked = open_picks(guest)[0]
    with guest.expect_response(lambda response: response.url.endswith("/feedback")):
        verdict(guest, "Like", liked)
    guest.get_by_role("link", name="Me", exact=True).click()
    less = guest.locator(".asking").get_by_role("button", name=re.compile("^Less: By ")).first
    less.click()
    expect(less).to_have_attribute("aria-pressed", "true")
    expect(guest.locator(".taste > ul > li").first).to_contain_text("you said so")
    findings = serious_findings(guest)
    assert not findings, told(findings)
    less.click()
    expect(less).to_have_attribute("aria-pressed", "false")


HOSTILE = """<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>"""


def test_markup_in_a_title_is_shown_and_runs_nothing(guest: Page, system: System):
    system.import_item(Kind.WELLBEING, title=HOSTILE, creators=HOSTILE, steps=HOSTILE, evidence=HOSTILE, **LIFTING)
    open_picks(guest, "Well-being")
    expect(guest.get_by_role("heading", name=HOSTILE, exact=True)).to_be_visible()
    verdict(guest, "Like", HOSTILE)
    guest.get_by_role("link", name="Me", exact=True).click()
    expect(guest.locator(".said li")).to_contain_text(f"{HOSTILE} {HOSTILE}")
    expect(guest.locator("[onerror], main script")).to_have_count(0)
    expect(guest).not_to_have_title("taken")


def test_a_click_while_the_list_changes_is_not_lost(guest: Page):
    before = open_picks(guest)
    aside = guest.get_by_text("Calm me down").bounding_box()
    assert aside
    verdict(guest, "Not now", before[0])
    guest.mouse.click(aside["x"] + aside["width"] / 2, aside["y"] + aside["height"] / 2)
    expect(guest.get_by_text("Picks that slow things down.")).to_be_visible()


def test_reasons_are_in_the_readers_language(guest: Page):
    open_picks(guest)
    guest.get_by_label("Language").select_option("de")
    expect(guest.locator(".for-you .why").first).to_have_text(re.compile(r"^(Hell|Warm|Wehmütig|Düster) und "))
    expect(guest.locator(".for-you .why", has_text="to lift you up")).to_have_count(0)
    guest.get_by_role("tab", name="Wohlbefinden").click()
    expect(guest.locator(".card ol[lang=de]").first).to_be_attached()


def test_another_goal_gives_another_list(guest: Page):
    before = open_picks(guest)
    guest.get_by_text("Calm me down").click()
    expect(guest.get_by_text("Picks that slow things down.")).to_be_visible()
    expect(guest.locator(".for-you .card h3").first).not_to_have_text(before[0])
    assert titles(guest) != before


def test_a_wrong_mood_is_corrected(watched: Page):
    watched.get_by_role("button", name="That’s not right").click()
    with watched.expect_response(lambda response: "mood=sad" in response.url):
        watched.get_by_role("button", name="Sad", exact=True).click()
    expect(watched.get_by_role("heading", level=1)).to_have_text("You said: sad")
    watched.get_by_role("button", name="Follow my face again").click()
    expect(watched.get_by_role("heading", level=1)).to_have_text(re.compile("^You look "))


def test_a_lost_server_is_told_and_comes_back(watched: Page, system: System):
    status = watched.locator(".connection")
    expect(status).to_have_text("Live")
    system.kill_gateway()
    expect(status).to_have_text("Reconnecting")
    expect(status).to_have_text("Live", timeout=RESTART_MS)
    expect(watched.get_by_text("Watching. No picture is stored.")).to_be_visible()
    expect(watched.locator(".boxes li")).to_have_count(1)


def test_withdrawal_stops_the_camera_at_once(watched: Page):
    watched.get_by_role("link", name="Me", exact=True).click()
    watched.get_by_role("button", name="Withdraw my consent").click()
    expect(watched.get_by_text("You have not agreed to being watched.").first).to_be_visible()
    watched.get_by_role("link", name="Now").click()
    expect(watched.get_by_text("The camera is off.")).to_be_visible()


def test_data_are_exported_and_deleted(guest: Page, system: System):
    liked = open_picks(guest)[0]
    with guest.expect_response(lambda response: response.url.endswith("/feedback")):
        verdict(guest, "Like", liked)
    guest.get_by_role("link", name="Me", exact=True).click()
    with guest.expect_download() as saved:
        guest.get_by_role("link", name="Download my data").click()
    exported = json.loads(saved.value.path().read_text())
    assert exported["account"]["kind"] == "guest"
    assert "like" in json.dumps(exported["recommender"])
    cookies = {each.get("name", ""): each.get("value", "") for each in guest.context.cookies()}
    guest.get_by_role("button", name="Delete everything").click()
    guest.get_by_role("button", name="Yes, delete it").click()
    expect(guest.get_by_role("heading", name="Before the camera goes on")).to_be_visible()
    assert httpx.get(f"{system.url}/v1/users/me", cookies=cookies, timeout=10).status_code == 401


def test_a_guest_becomes_a_member_and_comes_back(guest: Page, visit: Visit):
    liked = open_picks(guest)[0]
    with guest.expect_response(lambda response: response.url.endswith("/feedback")):
        verdict(guest, "Not for me", liked)
    guest.get_by_role("link", name="Me", exact=True).click()
    guest.get_by_label("Name", exact=True).fill("ada.lovelace")
    guest.get_by_label("Password").fill("a few long words")
    guest.get_by_role("button", name="Keep my profile").click()
    expect(guest.get_by_text("Signed in as ada.lovelace.")).to_be_visible()
    elsewhere = visit()
    elsewhere.get_by_role("button", name="I have an account").click()
    elsewhere.get_by_label("Name", exact=True).fill("ada.lovelace")
    elsewhere.get_by_label("Password").fill("not these words")
    elsewhere.get_by_role("button", name="Sign in").click()
    expect(elsewhere.get_by_text("Name and password do not belong together.")).to_be_visible()
    elsewhere.get_by_label("Password").fill("a few long words")
    elsewhere.get_by_role("button", name="Sign in").click()
    assert liked not in open_picks(elsewhere)


def test_a_second_browser_sees_nothing_of_the_first(watched: Page, visit: Visit):
    me = watched.evaluate("fetch('/v1/users/me').then(r => r.json())")
    stranger = visit()
    stranger.get_by_role("button", name="Pick a mood by hand").click()
    stranger.get_by_role("button", name="Happy", exact=True).click()
    expect(stranger.get_by_role("heading", level=1)).to_have_text("You said: happy")
    for part in ("mood", "live", "export", "devices", "recommendations?kind=music", ""):
        path = f"/v1/users/{me['user_id']}/{part}".rstrip("/")
        assert stranger.evaluate(f"fetch('{path}').then(r => r.status)") in {403, 404}, path


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_role("button", name="I have an account").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_page_never_acts_on_somebody_else_who_signed_in_beside_it(visit: Visit, system: System):
    for name in ("anna", "berta"):
        system.add_operator(name, "correct horse battery")
    page = visit("/me")
    beside = page.context.new_page()
    beside.goto("/me")
    sign_in(page, "anna", "correct horse battery")
    expect(page.get_by_text("Signed in as anna.")).to_be_visible()
    page.get_by_role("button", name="Delete everything").click()
    sign_in(beside, "berta", "correct horse battery")
    expect(beside.get_by_text("Signed in as berta.")).to_be_visible()
    # At once, or not at all: the page may notice at any moment who is here, and take the button away.
    page.evaluate("document.querySelector('button.danger')?.click()")
    expect(page.get_by_text("Signed in as berta.")).to_be_visible()
    beside.reload()
    expect(beside.get_by_text("Signed in as berta.")).to_be_visible()


@pytest.mark.parametrize("path", ["/for-you", "/me"])
def test_every_page_begins_with_the_welcome(visit: Visit, path: str):
    expect(visit(path).get_by_role("heading", name="Before the camera goes on")).to_be_visible()


def test_an_operator_sees_the_workers_and_has_the_clusters_found(visit: Visit, system: System):
    system.add_operator("root", "correct horse battery")
    page = visit()
    sign_in(page, "root", "correct horse battery")
    page.get_by_role("link", name="Operator").click()
    version = page.locator(".facts div", has_text="Model version").locator("dd")
    expect(version).to_have_text(re.compile(r"^\d+$"))
    expect(page.get_by_text("1 worker")).to_be_visible()
    expect(page.get_by_role("img", name="Songs by how they sound")).to_be_visible()
    with page.expect_response(lambda response: response.url.endswith("/v1/operator/clusters")) as sent:
        page.get_by_role("button", name="Find the clusters again").click()
    assert sent.value.status == 202
    page.get_by_label("Or its name in the import folder").fill("missing.csv")
    page.get_by_role("button", name="Import a file").click()
    failed = page.locator(".tasks li.failed", has_text="Import a file")
    expect(failed.locator("code")).to_have_text(re.compile("missing.csv"))
    films: FilePayload = {
        "name": "films.csv",
        "mimeType": "text/csv",
        "buffer": b"title,year,genres\nA Made-up Film,1999,drama\n",
    }
    page.get_by_label("What it holds").select_option("movie")
    page.get_by_label("File on this device").set_input_files([films])
    page.get_by_role("button", name="Import a file").click()
    done = page.locator(".tasks li.done", has_text="Import a file")
    expect(done.locator("code")).to_have_text(re.compile('films.csv.*"added": ?1'))
    assert (system.folder / "imports" / "films.csv").read_bytes() == films["buffer"]
    findings = serious_findings(page)
    assert not findings, told(findings)


def test_songs_play_on_the_persons_own_spotify(guest: Page, spotify: FakeSpotify):
    guest.get_by_role("link", name="Me", exact=True).click()
    guest.get_by_role("button", name="Connect Spotify").click()
    expect(guest.get_by_text("Spotify is connected.")).to_be_visible()
    first, second = open_picks(guest)[:2]
    verdict(guest, "Play", first)
    player = guest.get_by_role("region", name="Playing on your device")
    expect(player).to_contain_text(first)
    verdict(guest, "Queue", second)
    expect(guest.get_by_text(f"Plays next: {second}")).to_be_visible()
    player.get_by_role("button", name="Skip").click()
    expect(player).to_have_count(0)
    verdict(guest, "Play", first)
    player.get_by_role("button", name="Pause").click()
    expect(player).to_have_count(0)
    assert len(spotify.played) == 5
    assert [said.partition(" ")[0] for said in spotify.played[1:3]] == ["later", "next"]
    spotify.has_device = False
    verdict(guest, "Play", second)
    expect(guest.get_by_text("Spotify is open nowhere.")).to_be_visible()
