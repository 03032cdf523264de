"""What must end although nobody hears of it: only the database knows."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import httpx
import pytest
from redis.asyncio import Redis

from services.gateway import recheck
from services.gateway.accounts.accounts import Accounts
from services.gateway.app import create_app
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from standalone.ports import free_ports
from tests.emotion.support import face_jpeg
from tests.gateway.accounts_support import PASSWORD
from tests.gateway.stand_ins import ServerSentEvent, live_events, mood_event, publish, until_subscribed
from tests.gateway.test_faces import channel, closing, emotion_at, heard, person


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recheck, "RECHECK_S", 0.01)


@pytest.mark.parametrize(("act", "code"), [(Accounts.withdraw, 4403), (Accounts.delete, 4401)])
async def test_the_camera_ends_and_nobody_elses(
    guarded: GatewaySettings, act: Callable[[Accounts, str], object], code: int
):
    (emotion_port,) = free_ports(1)
    settings = guarded.model_copy(update={"emotion_address": f"127.0.0.1:{emotion_port}"})
    app = create_app(settings)
    async with serving(app, settings) as port, emotion_at(guarded.redis_url, emotion_port):
        url = f"127.0.0.1:{port}"
        async with (
            person(url) as ada,
            person(url) as grace,
            channel(url, ada) as first,
            channel(url, grace) as second,
        ):
            await heard(first, "welcome")
            act(app.state.accounts, (await ada.get("/v1/users/me")).json()["user_id"])
            assert (await closing(first))[0] == code
            await second.send(face_jpeg())
            assert (await heard(second, "reading"))["status"] == "ok"


LOGIN = {"name": "ada", "password": PASSWORD}


async def sign_out(_: httpx.AsyncClient, elsewhere: httpx.AsyncClient) -> None:
    (await elsewhere.delete("/v1/session")).raise_for_status()


async def change_password(client: httpx.AsyncClient, _: httpx.AsyncClient) -> None:
    change = {"current": PASSWORD, "new": "another good one"}
    (await client.put("/v1/users/me/password", json=change)).raise_for_status()


@asynccontextmanager
async def live(client: httpx.AsyncClient) -> AsyncGenerator[AsyncGenerator[ServerSentEvent]]:
    async with (
        client.stream("GET", "/v1/users/me/live") as response,
        aclosing(live_events(response.aiter_lines())) as events,
    ):
        await anext(events)
        yield events


@pytest.mark.parametrize("act", [sign_out, change_password])
async def test_a_live_channel_ends_with_its_session_and_no_other(
    guarded: GatewaySettings, redis: Redis, act: Callable[[httpx.AsyncClient, httpx.AsyncClient], Awaitable[None]]
):
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(create_app(guarded), guarded))
        await until_subscribed(redis)
        client = await stack.enter_async_context(person(f"127.0.0.1:{port}"))
        (await client.put("/v1/users/me/login", json=LOGIN)).raise_for_status()
        elsewhere = await stack.enter_async_context(httpx.AsyncClient(base_url=client.base_url, timeout=30))
        user_id = (await elsewhere.post("/v1/session", json=LOGIN)).raise_for_status().json()["user_id"]
        kept, ended = [await stack.enter_async_context(live(each)) for each in (client, elsewhere)]
        await act(client, elsewhere)
        assert [event.data["code"] async for event in ended] == ["session_ended"]
        await publish(redis, mood_event(user_id, event_id="later"))
        assert (await anext(kept)).id == "later"
