"""Real beats over a real Redis."""

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import stamina
from redis import Redis

from contracts.tasks import LIGHT_QUEUE
from services.recommender.beat import LOCK, SingleScheduler
from services.recommender.broker import open_celery
from services.recommender.settings import RecommenderSettings
from tests.chaos.wire import Wire
from tests.recommender.support import Clock

TIMEOUT_S = 60


@contextmanager
def start(redis_url: str, folder: Path) -> Generator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "services.recommender", "beat"]
    environment = {"REDIS_URL": redis_url, "RECOMMENDER_REVIEWS_EVERY_S": "0.2", "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            # Else a failed test would wait for it for ever.
            running.kill()


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_initial=0.1, wait_max=0.2)
def until_a_task_is_sent(client: "Redis") -> None:
    assert client.llen(LIGHT_QUEUE) > 0


@pytest.mark.timeout(3 * TIMEOUT_S)
def test_one_beat_ticks_the_next_waits_and_takes_over_and_nothing_is_left_behind(redis_url: str, tmp_path: Path):
    with Redis.from_url(redis_url) as client, start(redis_url, tmp_path) as first:
        client.delete(LIGHT_QUEUE)
        until_a_task_is_sent(client)
        held_by = client.get(LOCK)
        with start(redis_url, tmp_path) as second:
            assert second.stderr
            waiting = next(line for line in second.stderr if "waiting" in line or "this beat ticks" in line)
            assert "waiting" in waiting
            assert client.get(LOCK) == held_by
            first.send_signal(signal.SIGTERM)
            _, log = first.communicate(timeout=TIMEOUT_S)
            assert first.returncode == 0, log
            client.delete(LIGHT_QUEUE)
            until_a_task_is_sent(client)
            second.send_signal(signal.SIGTERM)
            _, log = second.communicate(timeout=TIMEOUT_S)
            assert second.returncode == 0, log
        assert client.get(LOCK) is None
    assert list(tmp_path.iterdir()) == []


@stamina.retry(on=AssertionError, attempts=None, timeout=TIMEOUT_S, wait_initial=0.01, wait_max=0.01)
def until_an_answer_is_waited_for(wire: Wire) -> None:
    assert wire.held


@pytest.mark.timeout(2 * TIMEOUT_S)
def test_a_beat_that_waits_for_redis_can_be_stopped(redis_url: str, tmp_path: Path):
    address, _, number = redis_url.removeprefix("redis://").partition("/")
    with Wire(address) as wire, Redis.from_url(redis_url) as client:
        client.delete(LIGHT_QUEUE)
        with start(f"redis://{wire.address}/{number}", tmp_path) as beat:
            until_a_task_is_sent(client)
            wire.silent = True
            until_an_answer_is_waited_for(wire)
            beat.send_signal(signal.SIGTERM)
            _, log = beat.communicate(timeout=TIMEOUT_S)
            wire.silent = False
            assert beat.returncode == 0, log


def test_a_clock_that_is_set_back_silences_no_beat(redis_url: str, monkeypatch: pytest.MonkeyPatch):
    celery = open_celery(RecommenderSettings(redis_url=redis_url, reviews_every_s=10, clusters_every_s=7200))
    clock = Clock()
    monkeypatch.setattr(celery, "now", clock)
    celery.conf.alive_file = None
    beat = SingleScheduler(celery)
    for seconds, sent in ((11, 1), (-3600, 0), (11, 1), (11, 1)):
        clock.pass_time(seconds=seconds)
        assert sent_by(beat, redis_url) == sent
    beat.close()
    celery.close()


def sent_by(beat: SingleScheduler, redis_url: str) -> int:
    with Redis.from_url(redis_url) as client:
        before: int = client.llen(LIGHT_QUEUE)  # pyright: ignore
        while beat.tick() == 0:
            pass
        return client.llen(LIGHT_QUEUE) - before  # pyright: ignore
