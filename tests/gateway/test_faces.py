"""Pictures and frames from a browser: a real gateway and emotion service on real sockets; only the model is made up."""

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from contracts.events import MOODS_CHANNEL
from servicekit.emotion_client.endpoint import Endpoint
from servicekit.emotion_client.errors import ServerRefusedError
from servicekit.emotion_client.frames import Frame
from servicekit.emotion_client.stream import EmotionStream
from services.emotion.app import open_service
from services.emotion.settings import EmotionSettings
from services.gateway.access import COOKIE
from services.gateway.app import create_app
from services.gateway.faces.bridge import MAX_FRAME_BYTES
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from standalone.ports import free_ports
from tests.capture.conftest import FakeServer
from tests.emotion.support import FakeModel, empty_jpeg, face_jpeg, serve_model
from tests.gateway.accounts_support import code_of
from tests.gateway.stand_ins import FakeRecommender, until_subscribed

LARGE = 2 * 2**20
"""More than what a form's parser holds in memory by default."""


@asynccontextmanager
async def emotion_at(redis_url: str, port: int, token_secret: SecretStr | None = None) -> AsyncGenerator[None]:
    async with serve_model(FakeModel()) as model_address:
        settings = EmotionSettings(
            redis_url=redis_url, tfserving_address=model_address, port=port, model_timeout_s=5.0,
            token_secret=token_secret,
        )  # fmt: skip
        async with open_service(settings):
            yield


@pytest.fixture
def emotion_port() -> int:
    return free_ports(1)[0]


@pytest.fixture
async def url(guarded: GatewaySettings, emotion_port: int, redis: Redis) -> AsyncGenerator[str]:
    settings = guarded.model_copy(update={"emotion_address": f"127.0.0.1:{emotion_port}"})
    async with serving(create_app(settings), settings) as port:
        await until_subscribed(redis)
        yield f"127.0.0.1:{port}"


@asynccontextmanager
async def person(url: str, *, agrees: bool = True) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://{url}", timeout=30) as client:
        (await client.post("/v1/guests")).raise_for_status()
        if agrees:
            (await client.put("/v1/users/me/consent", json={"version": 1})).raise_for_status()
        yield client


def channel(url: str, client: httpx.AsyncClient, **headers: str) -> connect:
    cookie = {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}"} if COOKIE in client.cookies else {}
    return connect(f"ws://{url}/v1/capture", additional_headers=cookie | headers, proxy=None)


async def heard(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a kind."""
    async with asyncio.timeout(20):
        while True:
            message = json.loads(await socket.recv())
            if message["type"] == kind:
                return message


async def closing(socket: ClientConnection) -> tuple[int, str]:
    """How the other side closes."""
    async with asyncio.timeout(20):
        with suppress(ConnectionClosed):
            async for _ in socket:
                pass
    return socket.close_code or 0, socket.close_reason or ""


async def test_frames_become_readings_and_moods(url: str, emotion_port: int, guarded: GatewaySettings, redis: Redis):
    async with (
        emotion_at(guarded.redis_url, emotion_port),
        person(url) as client,
        redis.pubsub(ignore_subscribe_messages=True) as moods,
        channel(url, client) as socket,
    ):
        await moods.subscribe(MOODS_CHANNEL)
        welcome = await heard(socket, "welcome")
        assert (welcome["max_in_flight"], welcome["max_image_bytes"]) == (2, MAX_FRAME_BYTES)
        await socket.send(face_jpeg())
        reading = await heard(socket, "reading")
        assert (reading["sequence"], reading["status"]) == (1, "ok")
        assert reading["faces"][0]["probabilities"]["happy"] == pytest.approx(0.88)
        assert reading["faces"][0]["box"]["width"] > 60
        await socket.send(b"no picture")
        refused = await heard(socket, "reading")
        assert (refused["sequence"], refused["status"]) == (2, "bad_image")
        assert refused["problem"]["advice"]
        await socket.send(empty_jpeg())
        assert (await heard(socket, "reading"))["status"] == "no_face"
        event = json.loads((await anext(aiter(moods.listen())))["data"])
        assert event["user_id"] == (await client.get("/v1/users/me")).json()["user_id"]


async def test_a_browser_that_sends_too_fast_loses_frames_and_nobody_waits(
    url: str, emotion_port: int, guarded: GatewaySettings
):
    async with (
        emotion_at(guarded.redis_url, emotion_port),
        person(url) as client,
        channel(url, client) as socket,
    ):
        picture = face_jpeg()
        for _ in range(40):
            await socket.send(picture)
        sequences = [(await heard(socket, "reading"))["sequence"]]
        while sequences[-1] != 40:
            sequences.append((await heard(socket, "reading"))["sequence"])
    assert sequences == sorted(set(sequences))
    assert len(sequences) < 40


async def test_without_a_session_or_consent_no_frame_is_taken(url: str):
    async with httpx.AsyncClient(base_url=f"http://{url}") as nobody, channel(url, nobody) as socket:
        assert await closing(socket) == (4401, "session_missing")
    async with person(url, agrees=False) as client, channel(url, client) as socket:
        assert await closing(socket) == (4403, "consent_missing")


async def test_another_site_cannot_open_a_channel(url: str):
    async with person(url) as client:
        with pytest.raises(Exception, match="403"):
            async with channel(url, client, Origin="https://evil.example"):
                pass


async def test_withdrawing_consent_ends_the_channel_at_once(url: str, emotion_port: int, guarded: GatewaySettings):
    async with emotion_at(guarded.redis_url, emotion_port), person(url) as client, channel(url, client) as socket:
        await heard(socket, "welcome")
        (await client.delete("/v1/users/me/consent")).raise_for_status()
        assert (await closing(socket))[0] == 4403


async def test_deleting_oneself_ends_the_channel(url: str, emotion_port: int, guarded: GatewaySettings):
    async with emotion_at(guarded.redis_url, emotion_port), person(url) as client, channel(url, client) as socket:
        await heard(socket, "welcome")
        assert (await client.delete("/v1/users/me")).status_code == 204
        assert (await closing(socket))[0] == 4401


async def test_one_persons_end_is_not_anothers(url: str, emotion_port: int, guarded: GatewaySettings):
    async with (
        emotion_at(guarded.redis_url, emotion_port),
        person(url) as ada,
        person(url) as grace,
        channel(url, ada) as first,
        channel(url, grace) as second,
    ):
        await heard(second, "welcome")
        (await ada.delete("/v1/users/me/consent")).raise_for_status()
        await closing(first)
        await second.send(face_jpeg())
        assert (await heard(second, "reading"))["status"] == "ok"


async def test_an_emotion_service_that_restarts_is_told_and_the_browser_goes_on(
    url: str, emotion_port: int, guarded: GatewaySettings
):
    async with person(url) as client, channel(url, client) as socket:
        async with emotion_at(guarded.redis_url, emotion_port):
            await socket.send(face_jpeg())
            assert (await heard(socket, "reading"))["status"] == "ok"
        while (await heard(socket, "connection"))["state"] != "retrying":
            pass
        await socket.send(face_jpeg())
        async with emotion_at(guarded.redis_url, emotion_port):
            while (await heard(socket, "connection"))["state"] != "connected":
                pass
            while (await heard(socket, "reading"))["sequence"] < 2:
                pass
            await socket.send(face_jpeg())
            while (reading := await heard(socket, "reading"))["sequence"] < 3:
                pass
            assert reading["status"] == "ok"


@pytest.fixture
async def made_up() -> AsyncGenerator[FakeServer]:
    """An emotion service that answers nothing before the test says so."""
    server = FakeServer()
    await server.start()
    yield server
    await server.stop()


@asynccontextmanager
async def gateway_before(emotion: FakeServer, guarded: GatewaySettings) -> AsyncGenerator[str]:
    settings = guarded.model_copy(update={"emotion_address": emotion.address})
    async with serving(create_app(settings), settings) as port:
        yield f"127.0.0.1:{port}"


async def test_what_is_lost_while_a_stream_moves_is_answered(
    made_up: FakeServer, guarded: GatewaySettings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("servicekit.emotion_client.leg.LAST_ANSWERS_S", 0.05)
    made_up.service.is_silent = True
    async with gateway_before(made_up, guarded) as url, person(url) as client, channel(url, client) as socket:
        for count in (1, 2):
            await socket.send(face_jpeg())
            await made_up.service.until_received(count)
        made_up.service.move_on(retry_after_s=0, grace_s=10)
        while (reading := await heard(socket, "reading"))["sequence"] < 2:
            pass
        assert reading["status"] == "dropped"


async def test_a_gateway_that_stops_says_so(guarded: GatewaySettings, emotion_port: int):
    settings = guarded.model_copy(update={"emotion_address": f"127.0.0.1:{emotion_port}"})
    async with serving(create_app(settings), settings) as port, person(f"127.0.0.1:{port}") as client:
        socket = await channel(f"127.0.0.1:{port}", client)
        await heard(socket, "welcome")
    assert (await closing(socket))[0] == 1012


async def test_text_and_giants_are_refused(url: str, emotion_port: int, guarded: GatewaySettings):
    async with emotion_at(guarded.redis_url, emotion_port), person(url) as client:
        async with channel(url, client) as socket:
            await socket.send("hello")
            assert (await closing(socket))[0] == 1003
        async with channel(url, client) as socket:
            await socket.send(b"x" * (MAX_FRAME_BYTES + 1))
            assert (await closing(socket))[0] == 1009


async def test_a_picture_gives_every_face_and_touches_no_disk(
    url: str, emotion_port: int, guarded: GatewaySettings, redis: Redis, monkeypatch: pytest.MonkeyPatch
):
    def rollover(_: object) -> None:
        raise AssertionError("a picture went to a file")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", rollover)
    async with emotion_at(guarded.redis_url, emotion_port), person(url) as client:
        # A JPEG may be followed by anything.
        picture = face_jpeg() + b"\0" * LARGE
        reply = (await client.post("/v1/images", files={"image": ("me.jpg", picture)})).raise_for_status()
        body = reply.json()
        assert (body["width"], body["height"], len(body["faces"])) == (640, 480, 1)
        assert body["faces"][0]["probabilities"]["happy"] == pytest.approx(0.88)
        assert (await client.get("/v1/users/me/mood")).status_code == 404


async def test_a_picture_needs_consent_and_must_be_one(url: str, emotion_port: int, guarded: GatewaySettings):
    async with emotion_at(guarded.redis_url, emotion_port):
        async with person(url, agrees=False) as client:
            files = {"image": ("me.jpg", face_jpeg())}
            assert code_of(await client.post("/v1/images", files=files), 403) == "consent_missing"
        async with person(url) as client:
            assert code_of(await client.post("/v1/images", files={"image": b"x"}), 422) == "image_unknown"
            assert code_of(await client.post("/v1/images", files={"photo": b"x"}), 422) == "invalid_input"
            assert code_of(await client.post("/v1/images", data={"image": "x"}), 422) == "invalid_input"
            assert code_of(await client.post("/v1/images", json={}), 422) == "invalid_input"
            too_large = {"image": b"x" * (9 * 2**20)}
            assert code_of(await client.post("/v1/images", files=too_large), 413) == "content_too_large"


async def test_a_picture_while_the_emotion_service_is_away(url: str, recommender: FakeRecommender):
    async with person(url) as client:
        assert code_of(await client.post("/v1/images", files={"image": face_jpeg()}), 503) == "unavailable"


async def test_an_emotion_service_that_asks_for_tokens_takes_the_gateways_and_those_of_devices(
    url: str, emotion_port: int, guarded: GatewaySettings
):
    secret = guarded.token_secret
    async with emotion_at(guarded.redis_url, emotion_port, token_secret=secret), person(url) as client:
        async with channel(url, client) as socket:
            await socket.send(face_jpeg())
            assert (await heard(socket, "reading"))["status"] == "ok"
        assert (await client.post("/v1/images", files={"image": face_jpeg()})).status_code == 200
        made = (await client.post("/v1/users/me/devices", json={"name": "desk"})).json()
        user_id = (await client.get("/v1/users/me")).json()["user_id"]
        endpoint = Endpoint(f"127.0.0.1:{emotion_port}", made["token"])
        assert await reads_a_frame(endpoint, user_id) is None
        assert await reads_a_frame(endpoint, "u-somebody-else") is not None
        assert await reads_a_frame(Endpoint(endpoint.address), user_id) is not None
        assert (await client.delete(f"/v1/users/me/devices/{made['device']['id']}")).status_code == 204
        assert await reads_a_frame(endpoint, user_id) is not None


async def test_a_channel_is_good_for_longer_than_a_token(
    made_up: FakeServer, guarded: GatewaySettings, monkeypatch: pytest.MonkeyPatch
):
    async with gateway_before(made_up, guarded) as url, person(url) as client, channel(url, client) as socket:
        await made_up.service.until_greeted(1)
        first = made_up.service.authorization
        await made_up.stop()
        await made_up.start()
        await made_up.service.until_greeted(2)
        assert made_up.service.authorization != first
        await heard(socket, "welcome")


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_a_gateway_whose_clock_is_wrong_by_minutes_may_stream(
    guarded: GatewaySettings, emotion_port: int, minutes: int
):
    settings = guarded.model_copy(update={"emotion_address": f"127.0.0.1:{emotion_port}"})
    app = create_app(settings, lambda: datetime.now(UTC) + timedelta(minutes=minutes))
    async with (
        emotion_at(guarded.redis_url, emotion_port, token_secret=guarded.token_secret),
        serving(app, settings) as port,
        person(f"127.0.0.1:{port}") as client,
        channel(f"127.0.0.1:{port}", client) as socket,
    ):
        await socket.send(face_jpeg())
        assert (await heard(socket, "reading"))["status"] == "ok"


async def test_a_token_that_is_not_taken_says_nothing_of_consent(url: str, emotion_port: int, guarded: GatewaySettings):
    other = SecretStr("s" * 32)
    async with (
        emotion_at(guarded.redis_url, emotion_port, token_secret=other),
        person(url) as client,
        channel(url, client) as socket,
    ):
        assert await closing(socket) == (1012, "token_invalid")


async def reads_a_frame(endpoint: Endpoint, user_id: str) -> ServerRefusedError | None:
    """How a capture client fares: refused, or not."""

    async def frames() -> AsyncGenerator[Frame]:
        yield Frame(face_jpeg(), datetime.now(UTC))

    try:
        async for _ in EmotionStream(endpoint, user_id).readings(frames()):
            pass
    except ServerRefusedError as error:
        return error
    return None
