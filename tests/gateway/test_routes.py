"""The REST interface, over a real Redis and a real gRPC server."""

import json
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from contracts.emotion import EMOTIONS
from contracts.events import mood_key
from contracts.mood import MoodState
from contracts.pb.emoverse.v1 import mood_pb2
from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.recommendation import MAX_ITEM_ID, Kind
from servicekit.errors import ConflictError, EmoVerseError, InvalidInputError, OverloadedError, UnavailableError
from services.gateway.app import create_app
from services.gateway.http_limits import MAX_BODY_BYTES
from services.gateway.settings import GatewaySettings
from tests.gateway.stand_ins import AT, HAPPY, FakeRecommender, client_of, mood_event, remember

FEEDBACK = "/v1/users/ada/feedback"
CORRECTION = "/v1/users/ada/mood/correction"
REVIEWS = "/v1/users/ada/reviews"
PICKS = "/v1/users/ada/recommendations"


def problem(response: httpx.Response, status: int) -> dict[str, str]:
    """The response's problem, after checking that it is one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["type"] == f"urn:emoverse:problem:{body['code']}"
    assert body["title"]
    assert body["detail"]
    assert body["advice"]
    return body


async def test_mood_names_its_probabilities(client: httpx.AsyncClient, redis: Redis):
    await remember(redis, mood_event())
    body = (await client.get("/v1/users/ada/mood")).raise_for_status().json()
    assert body["user_id"] == "ada"
    assert body["mood"]["state"] == "happy"
    assert body["mood"]["probabilities"] == dict(zip(EMOTIONS, HAPPY.probabilities, strict=True))
    assert body["mood"]["since"] == body["at"] == "2026-01-01T12:00:00Z"


async def test_unknown_mood_says_how_to_start(client: httpx.AsyncClient):
    body = problem(await client.get("/v1/users/nobody/mood"), 404)
    assert body["code"] == "mood_unknown"
    assert "--user nobody" in body["advice"]


async def test_mood_of_a_newer_emotion_service_is_a_bad_gateway(client: httpx.AsyncClient, redis: Redis):
    await redis.set(mood_key("ada"), json.dumps({"mood": "ineffable"}))
    assert problem(await client.get("/v1/users/ada/mood"), 502)["code"] == "incompatible_answer"


@pytest.mark.parametrize("kind", Kind)
async def test_recommendations_of_every_kind(client: httpx.AsyncClient, kind: Kind):
    body = (await client.get(PICKS, params={"kind": kind})).raise_for_status().json()
    assert (body["user_id"], body["kind"], body["goal"], body["mood"]) == ("ada", kind, "match", None)
    assert [pick["item"]["id"] for pick in body["picks"]] == [f"{kind}:0", f"{kind}:1", f"{kind}:2"]
    links = [link["provider"] for link in body["picks"][0]["item"].pop("links")]
    assert links == {"music": ["Spotify"], "movie": ["IMDb", "YouTube"], "game": ["YouTube"]}.get(kind, [])
    assert body["picks"][0] == {
        "item": {
            "id": f"{kind}:0",
            "kind": kind,
            "title": f"Title of {kind}:0",
            "creators": [],
            "year": 1999,
            "genres": [],
            "tags": [],
            "rating": None,
            "valence": 0.5,
            "arousal": 0.0,
            "cluster": "",
            "duration_min": None,
            "steps": [],
            "external_ids": {"imdb": "tt0000001"},
            "votes": None,
            "emotions": {},
            "sources": {},
        },
        "score": 0.75,
        "reasons": ["It fits."],
        "propensity": None,
        "why": [{"code": "feels", "about": {"pleasantness": "warm", "energy": "calm", "purpose": ""}}],
    }
    assert body["next_page_token"] is None


async def test_every_parameter_reaches_the_recommender(client: httpx.AsyncClient, recommender: FakeRecommender):
    query = "kind=music&count=2&goal=lift&mood=sad&exclude=music:0&exclude=music:9"
    body = (await client.get(f"{PICKS}?{query}")).raise_for_status().json()
    assert recommender.requests == [
        pb.RecommendRequest(
            user_id="ada",
            kind="music",
            count=2,
            goal="lift",
            mood=mood_pb2.MOOD_STATE_SAD,
            exclude=["music:0", "music:9"],
        )
    ]
    assert (body["goal"], body["mood"]["state"], body["mood"]["probabilities"]) == ("lift", "sad", {})
    assert [pick["item"]["id"] for pick in body["picks"]] == ["music:1", "music:2"]


async def test_a_mixed_journey_and_its_pages_reach_the_recommender(
    client: httpx.AsyncClient, recommender: FakeRecommender
):
    recommender.next_page_token = "next"
    query = {"kind": "all", "goal": "journey", "destination": "calm", "page_token": "this"}
    body = (await client.get(PICKS, params=query)).raise_for_status().json()
    (asked,) = recommender.requests
    assert (asked.kind, asked.goal, asked.destination, asked.page_token) == ("all", "journey", "calm", "this")
    assert (body["kind"], body["goal"], body["next_page_token"]) == ("all", "journey", "next")


@pytest.mark.parametrize(
    "wrong", [{"kind": "opera"}, {"destination": "match"}, {"count": 0}, {"count": -1}, {"count": 10**9}]
)
async def test_what_the_recommender_would_refuse_never_reaches_it(
    client: httpx.AsyncClient, recommender: FakeRecommender, wrong: dict[str, str]
):
    problem(await client.get(PICKS, params={"kind": "music", **wrong}), 422)
    assert recommender.requests == []


@pytest.mark.parametrize("path", ["/v1/clusters", "/v1/clusters/music"])
async def test_clusters_keep_their_zeros(client: httpx.AsyncClient, path: str):
    body = (await client.get(path)).raise_for_status().json()
    cluster = {"name": "calm and bright", "valence": 0.5, "arousal": 0.0, "size": 12, "emotions": ["happy"]}
    assert body == {
        "version": 2**40,
        "computed_at": AT.isoformat().replace("+00:00", "Z"),
        "clusters": [{**cluster, "centre": {}}],
        "features": [],
        "silhouette": 0.5,
        "stability": 0.0,
        "considered": [{"count": 4, "silhouette": 0.5, "stability": 0.0}],
        "explained_variance": [0.75],
    }


async def test_clusters_as_a_picture_and_of_a_kind_without_any(client: httpx.AsyncClient):
    picture = (await client.get("/v1/clusters/music/picture")).raise_for_status()
    assert (picture.headers["content-type"], picture.text) == ("image/svg+xml", "<svg/>")
    problem(await client.get("/v1/clusters/movie"), 404)
    problem(await client.get("/v1/clusters/holidays/picture"), 422)


@pytest.mark.parametrize(
    ("path", "body"),
    [(FEEDBACK, {"item_id": "music:0", "action": "like"}), (REVIEWS, {"item_id": "movie:0", "text": "Lovely. "})],
)
async def test_a_write_is_passed_on_once_per_key(
    client: httpx.AsyncClient, recommender: FakeRecommender, path: str, body: dict[str, str]
):
    headers = {"Idempotency-Key": "k-1"}
    first, second = [await client.post(path, json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, {"duplicate": False, "idempotency_key": "k-1"})
    assert (second.status_code, second.json()) == (201, {"duplicate": True, "idempotency_key": "k-1"})
    assert list(recommender.accepted) == ["k-1"]


async def test_feedback_reaches_the_recommender(client: httpx.AsyncClient, recommender: FakeRecommender):
    response = await client.post(FEEDBACK, json={"item_id": "game:1", "action": "skip"})
    key = response.raise_for_status().json()["idempotency_key"]
    assert recommender.accepted[key] == pb.GiveFeedbackRequest(
        user_id="ada", item_id="game:1", action="skip", idempotency_key=key
    )


async def test_the_longest_id_that_an_import_makes_can_be_asked_for(client: httpx.AsyncClient):
    body = {"item_id": "a" * MAX_ITEM_ID, "action": "like"}
    assert problem(await client.post(FEEDBACK, json=body), 404)["code"] == "not_found"


async def test_a_rating_and_how_far_somebody_was_reach_the_recommender(
    client: httpx.AsyncClient, recommender: FakeRecommender
):
    for key, told in {"a": {"action": "rate", "rating": 7.5}, "b": {"action": "skip", "progress": 0.25}}.items():
        body: dict[str, Any] = {"item_id": "game:1", **told}
        response = await client.post(FEEDBACK, json=body, headers={"Idempotency-Key": key})
        assert response.status_code == 201
        assert recommender.accepted[key] == pb.GiveFeedbackRequest(user_id="ada", idempotency_key=key, **body)


async def test_a_corrected_mood_reaches_the_recommender(client: httpx.AsyncClient, recommender: FakeRecommender):
    response = await client.post(CORRECTION, json={"mood": "sad"}, headers={"Idempotency-Key": "k"})
    assert (response.status_code, response.json()) == (201, {"duplicate": False, "idempotency_key": "k"})
    expected = pb.CorrectMoodRequest(user_id="ada", mood=MoodState.SAD.to_proto(), idempotency_key="k")
    assert recommender.accepted["k"] == expected


async def test_writes_without_a_key_each_get_their_own(client: httpx.AsyncClient, recommender: FakeRecommender):
    for _ in range(2):
        response = await client.post(REVIEWS, json={"item_id": "game:1", "text": " Fine. "})
        assert response.json()["duplicate"] is False
    reviews = [review for review in recommender.accepted.values() if isinstance(review, pb.AddReviewRequest)]
    assert [review.text for review in reviews] == ["Fine.", "Fine."]


@pytest.mark.parametrize("user_id", ["-a", "a b", "a" * 65, "é", "a%0A", "*"])
@pytest.mark.parametrize("route", ["mood", "recommendations?kind=music", "live"])
async def test_bad_user_id(client: httpx.AsyncClient, user_id: str, route: str):
    body = problem(await client.get(f"/v1/users/{user_id}/{route}"), 422)
    assert "user_id" in body["detail"]
    assert "64 letters" in body["advice"]


@pytest.mark.parametrize(
    ("query", "field", "hint"),
    [
        ("kind=holiday", "kind", "'music', 'movie', 'game', 'wellbeing', 'book', 'podcast', 'course' or 'all'"),
        ("", "kind", "required"),
        ("kind=music&count=0", "count", "greater than or equal to 1"),
        ("kind=music&count=101", "count", "less than or equal to 100"),
        ("kind=music&count=many", "count", "integer"),
        ("kind=music&goal=party", "goal", "'match', 'lift', 'calm', 'focus' or 'journey'"),
        ("kind=music&mood=hungry", "mood", "'happy'"),
        ("kind=music&exclude=", "exclude.0", "pattern"),
        ("kind=music&" + "exclude=a&" * 101, "exclude", "100"),
    ],
)
async def test_bad_query(client: httpx.AsyncClient, query: str, field: str, hint: str):
    body = problem(await client.get(f"{PICKS}?{query}"), 422)
    assert f"{field}: " in body["detail"]
    assert hint in body["detail"]
    assert field in body["advice"]
    assert body["code"] == "invalid_input"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (FEEDBACK, {"item_id": "music:0"}, "action"),
        (FEEDBACK, {"item_id": "music:0", "action": "adore"}, "action"),
        (FEEDBACK, {"action": "like"}, "item_id"),
        (FEEDBACK, {"item_id": "", "action": "like"}, "item_id"),
        (FEEDBACK, {"item_id": "a\x00b", "action": "like"}, "item_id"),
        (FEEDBACK, {"item_id": "a" * (MAX_ITEM_ID + 1), "action": "like"}, "item_id"),
        (FEEDBACK, {"item_id": "a", "action": "like", "mood": "sad"}, "mood"),
        (FEEDBACK, ["like"], "body"),
        (FEEDBACK, None, "body"),
        (FEEDBACK, {"item_id": "a", "action": "rate", "rating": 11}, "rating"),
        (FEEDBACK, {"item_id": "a", "action": "skip", "progress": 1.5}, "progress"),
        (CORRECTION, {"mood": "uncertain"}, "mood"),
        (CORRECTION, {}, "mood"),
        (REVIEWS, {"item_id": "movie:0", "text": " "}, "text"),
        (REVIEWS, {"item_id": "movie:0", "text": "a" * 20_001}, "text"),
        (REVIEWS, {"item_id": "movie:0", "text": "a\x00"}, "text"),
        (REVIEWS, {"item_id": "movie:0", "text": 5}, "text"),
        (REVIEWS, {"item_id": "movie:0", "text": "\ud800"}, "text"),
    ],
)
async def test_bad_body(client: httpx.AsyncClient, recommender: FakeRecommender, path: str, body: object, field: str):
    sent = json.dumps(body).encode()
    response = await client.post(path, content=sent, headers={"Content-Type": "application/json"})
    assert f"{field}: " in problem(response, 422)["detail"]
    assert not recommender.accepted


@pytest.mark.parametrize(
    ("content", "content_type"),
    [(b"{", "application/json"), (b"", "application/json"), (b"{}", "text/plain"), (b"\xff\xfe", "application/json")],
)
async def test_body_that_is_not_json(client: httpx.AsyncClient, content: bytes, content_type: str):
    response = await client.post(FEEDBACK, content=content, headers={"Content-Type": content_type})
    body = problem(response, 422)
    assert "JSON" in body["advice"]


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 129, "schlüssel"])
async def test_bad_idempotency_key(client: httpx.AsyncClient, recommender: FakeRecommender, key: str):
    headers = [(b"Idempotency-Key", key.encode())]
    response = await client.post(FEEDBACK, json={"item_id": "music:0", "action": "like"}, headers=headers)
    assert "Idempotency-Key: " in problem(response, 422)["detail"]
    assert not recommender.accepted


async def test_a_body_too_large_is_refused_by_its_announced_length(client: httpx.AsyncClient):
    body = problem(await client.post(REVIEWS, content=b"x" * (MAX_BODY_BYTES + 1)), 413)
    assert str(MAX_BODY_BYTES) in body["detail"]


async def test_a_body_too_large_is_refused_while_it_arrives(client: httpx.AsyncClient):
    async def endless():
        while True:
            yield b"x" * 65_536

    problem(await client.post(REVIEWS, content=endless()), 413)


async def test_the_longest_review_fits(client: httpx.AsyncClient):
    body = json.dumps({"item_id": "movie:0", "text": "🙂" * 20_000}).encode()
    response = await client.post(REVIEWS, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 201


async def test_no_such_route(client: httpx.AsyncClient):
    body = problem(await client.get("/v1/horoscope"), 404)
    assert body["code"] == "no_such_route"
    assert "/v1/horoscope" in body["detail"]


async def test_no_such_method(client: httpx.AsyncClient):
    response = await client.delete("/v1/users/ada/mood")
    assert problem(response, 405)["code"] == "method_not_allowed"
    assert response.headers["allow"] == "GET"
    several = await client.put("/v1/users/ada/devices")
    assert problem(several, 405)
    assert several.headers["allow"] == "GET, POST"


async def test_unknown_item(client: httpx.AsyncClient):
    body = problem(await client.post(FEEDBACK, json={"item_id": "music:x", "action": "like"}), 404)
    assert body["detail"] == "There is no item music:x."
    assert body["advice"] == "Take an id from a recommendation."


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (InvalidInputError("Wrong.", "Change it.", code="strange"), 422, False),
        (ConflictError("Not now.", "Look first.", code="strange"), 409, False),
        (OverloadedError("Full.", "Wait.", code="strange"), 429, True),
        (UnavailableError("Away.", "Wait.", code="strange"), 503, True),
        (EmoVerseError("Broken.", "Report it.", code="strange"), 500, False),
    ],
)
async def test_errors_of_the_recommender_keep_their_meaning(
    client: httpx.AsyncClient, recommender: FakeRecommender, error: EmoVerseError, status: int, retry: bool
):
    recommender.error = error
    response = await client.get(PICKS, params={"kind": "music"})
    body = problem(response, status)
    assert (body["detail"], body["advice"], body["code"]) == (error.message, error.advice, "strange")
    assert ("retry-after" in response.headers) is retry


async def test_a_goal_of_a_newer_recommender_is_a_bad_gateway(client: httpx.AsyncClient, recommender: FakeRecommender):
    recommender.goal = "transcend"
    assert problem(await client.get(PICKS, params={"kind": "music"}), 502)["code"] == "incompatible_answer"


@pytest.mark.parametrize("path", [f"{PICKS}?kind=music", "/v1/clusters"])
async def test_recommender_away(redis_url: str, path: str):
    settings = GatewaySettings(redis_url=redis_url, recommender_address="127.0.0.1:1", open=True)
    async with client_of(create_app(settings)) as client:
        response = await client.get(path)
    body = problem(response, 503)
    assert "recommender at 127.0.0.1:1" in body["detail"]
    assert response.headers["retry-after"] == "2"


async def test_redis_away(settings: GatewaySettings):
    async with client_of(create_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"}))) as client:
        response = await client.get("/v1/users/ada/mood")
        picks = await client.get(PICKS, params={"kind": "music"})
    assert problem(response, 503)["code"] == "redis_unavailable"
    assert response.headers["retry-after"] == "2"
    assert picks.status_code == 200


@pytest.mark.parametrize("path", ["/v1/kinds", "/v1/clusters", f"{PICKS}?kind=music"])
async def test_who_has_an_answer_already_is_not_sent_it_again(
    client: httpx.AsyncClient, recommender: FakeRecommender, path: str
):
    first = (await client.get(path)).raise_for_status()
    assert first.headers["cache-control"] == "private, no-cache"
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await client.get(path, headers={"If-None-Match": '"another"'})
    assert (other.status_code, other.json()) == (200, first.json())


async def test_an_answer_that_changed_has_another_tag(client: httpx.AsyncClient, recommender: FakeRecommender):
    before = await client.get(f"{PICKS}?kind=music")
    recommender.goal = "lift"
    after = await client.get(f"{PICKS}?kind=music", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.headers["etag"] != before.headers["etag"]


async def test_problems_and_live_channels_have_no_tag(client: httpx.AsyncClient):
    assert "etag" not in (await client.get("/v1/users/nobody/mood")).headers


async def test_what_was_said_is_listed_and_can_be_taken_back(client: httpx.AsyncClient):
    for item, action in (("music:0", "like"), ("music:1", "dislike")):
        body = {"item_id": item, "action": action}
        await client.post("/v1/users/ada/feedback", json=body, headers={"Idempotency-Key": item})
    listed = (await client.get("/v1/users/ada/feedback")).raise_for_status().json()
    assert [(each["item"]["id"], each["action"]) for each in listed["said"]] == [
        ("music:1", "dislike"),
        ("music:0", "like"),
    ]
    assert listed["next_page_token"] is None
    liked = (await client.get("/v1/users/ada/feedback", params={"action": "like"})).json()["said"]
    taste = (await client.get("/v1/users/ada/taste")).raise_for_status().json()
    assert (taste["learned_from"], taste["beliefs"][0]["because"][0]) == (2, liked[0])
    path = f"/v1/users/ada/feedback/{liked[0]['idempotency_key']}"
    assert (await client.delete(path)).status_code == 204
    again = await client.delete(path)
    assert (again.status_code, again.json()["code"]) == (404, "no_feedback")
    assert (await client.get("/v1/users/ada/feedback", params={"action": "like"})).json()["said"] == []
    assert (await client.get("/v1/users/ada/feedback", params={"action": "play"})).status_code == 422


async def test_a_person_asks_for_less_of_something_and_takes_it_back(client: httpx.AsyncClient):
    path, jazz = "/v1/users/ada/taste/word", {"group": "genre", "value": "jazz"}
    taste = (await client.put(path, json={**jazz, "word": "less"})).raise_for_status().json()
    assert [(each["value"], each["word"]) for each in taste["beliefs"]] == [("jazz", "less")]
    assert (await client.get("/v1/users/bob/taste")).json()["beliefs"] == []
    assert (await client.put(path, json={**jazz, "word": None})).raise_for_status().json()["beliefs"] == []
    for odd in ({**jazz, "word": "none"}, {**jazz, "value": "", "word": "more"}, jazz):
        assert (await client.put(path, json=odd)).status_code == 422, odd
