"""Moods over a week, from Redis to the page."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import stamina
from redis.asyncio import Redis
from sqlalchemy import delete, text

from contracts.mood import MoodState
from servicekit.database import Database, Offloader, open_engine
from servicekit.migration import migrate
from services.gateway.accounts.opening import accounts_in
from services.gateway.accounts.schema import MIGRATIONS, AccountRow
from services.gateway.accounts.statements import ACCOUNT
from services.gateway.app import create_app
from services.gateway.mood_diary import MoodDiary
from services.gateway.settings import GatewaySettings
from tests.gateway.accounts_support import guest
from tests.gateway.stand_ins import AT, mood_event, publish, until_subscribed
from tests.gateway.test_accounts import Clock
from tests.postgresql import postgresql

MOODS = "/v1/users/me/moods"


async def moods(client: httpx.AsyncClient, count: int) -> list[dict[str, Any]]:
    """So many, once they are there."""
    async for attempt in stamina.retry_context(on=AssertionError, attempts=None, timeout=30, wait_max=0.1):
        with attempt:
            found = (await client.get(MOODS)).raise_for_status().json()
            assert len(found) == count
            return found
    raise AssertionError


async def test_the_last_mood_of_each_minute_is_kept_exported_and_forgotten(guarded: GatewaySettings, redis: Redis):
    clock = Clock()
    clock.now = AT + timedelta(minutes=2)
    app = create_app(guarded, clock)
    async with app.router.lifespan_context(app), guest(app) as (ada, user_id), guest(app) as (eve, _):
        await until_subscribed(redis)
        later = AT + timedelta(minutes=1)
        for state, at in (
            (MoodState.SAD, AT),
            (MoodState.HAPPY, AT + timedelta(seconds=30)),
            (MoodState.ABSENT, later),
            (MoodState.FEAR, later + timedelta(seconds=1)),
        ):
            await publish(redis, mood_event(user_id, state, event_id=f"{state}", at=at))
        found = await moods(ada, 2)
        assert [(each["state"], each["at"]) for each in found] == [
            ("happy", "2026-01-01T12:00:00Z"),
            ("fear", "2026-01-01T12:01:00Z"),
        ]
        assert (await ada.get(MOODS, params={"since": later.isoformat()})).json() == found[1:]
        assert (await ada.get("/v1/users/me/export")).json()["moods"] == found
        assert await moods(eve, 0) == []
        clock.now = AT + timedelta(days=7, seconds=30)
        assert await moods(ada, 1) == found[1:]
        assert (await ada.delete(MOODS)).status_code == 204
        assert await moods(ada, 0) == []


async def test_who_was_deleted_leaves_no_mood(guarded: GatewaySettings, redis: Redis):
    app = create_app(guarded, lambda: AT)
    async with app.router.lifespan_context(app), guest(app) as (ada, user_id), guest(app) as (eve, eve_id):
        await until_subscribed(redis)
        await publish(redis, mood_event(user_id))
        await moods(ada, 1)
        (await ada.delete("/v1/users/me")).raise_for_status()
        await publish(redis, mood_event(user_id, event_id="late"))
        await publish(redis, mood_event(eve_id, event_id="last"))
        await moods(eve, 1)
        assert await app.state.diary.notes(user_id) == []


async def test_somebody_who_is_deleted_meanwhile_takes_nobody_elses_mood_along(postgresql_folder: Path):
    with postgresql(postgresql_folder) as server:
        engine = open_engine(server.url)
        database, offload = Database(engine), Offloader(1, 10)
        migrate(database, MIGRATIONS)
        accounts, diary = accounts_in(database, GatewaySettings(), lambda: AT), MoodDiary(database, offload, lambda: AT)
        ada, eve = (accounts.add_guest().account.id for _ in range(2))
        diary.note(mood_event(ada))
        diary.note(mood_event(eve))
        with database.writing() as connection:
            connection.execute(delete(ACCOUNT).where(AccountRow.id == ada))
            written = asyncio.create_task(diary.flush())
            await until_waiting(database)
        await written
        assert [note.state for note in await diary.notes(eve)] == ["happy"]
        offload.close()
        engine.dispose()


async def until_waiting(database: Database, count: int = 1) -> None:
    """Return once so many wait for locks of other transactions."""
    waiting = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
    async for attempt in stamina.retry_context(on=AssertionError, attempts=None, timeout=30, wait_max=0.1):
        with attempt, database.reading() as connection:
            assert connection.scalar(waiting) == count
