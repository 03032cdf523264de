"""What a run consists of."""

from pathlib import Path

import pytest

from servicekit.pubsub import open_redis
from services.emotion.callers import DeviceTokens
from standalone.parts import DEMO_USER, plan
from standalone.settings import StackSettings

SECRET = "a secret of more than thirty-two characters"


def test_without_a_secret_the_demo_camera_needs_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TOKEN_SECRET", raising=False)
    assert "CAPTURE_TOKEN" not in plan(StackSettings(), tmp_path, with_demo=True).environment


async def test_where_devices_need_a_token_the_demo_camera_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str
):
    monkeypatch.setenv("TOKEN_SECRET", SECRET)
    token = plan(StackSettings(), tmp_path, with_demo=True).environment["CAPTURE_TOKEN"]
    async with open_redis(redis_url) as redis:
        caller = await DeviceTokens(SECRET, redis).identify(token)
    caller.check(DEMO_USER)


def test_a_run_without_a_demo_person_has_no_token_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOKEN_SECRET", SECRET)
    assert "CAPTURE_TOKEN" not in plan(StackSettings(), tmp_path, with_demo=False).environment
