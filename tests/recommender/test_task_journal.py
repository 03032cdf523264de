"""The reports of tasks in a real Redis."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis import Redis

from contracts.tasks import TaskState
from servicekit.errors import UnavailableError
from services.recommender import task_journal
from services.recommender.task_journal import TaskJournal
from tests.recommender.support import NOON, Clock


@pytest.fixture
def journal(redis_url: str, clock: Clock) -> Iterator[TaskJournal]:
    journal = TaskJournal(redis_url, clock)
    yield journal
    journal.close()


def test_a_task_is_followed_from_queue_to_result(journal: TaskJournal, clock: Clock):
    journal.queued("a", "import", "heavy", "music songs.csv")
    assert journal.latest()[0].state is TaskState.QUEUED
    clock.pass_time(seconds=5)
    assert journal.started("a", "here") == 1
    journal.progressed("a", 3, 10)
    journal.retrying("a", "no database")
    retrying = journal.latest()[0]
    assert (retrying.state, retrying.error, retrying.done, retrying.total) == ("retrying", "no database", 3, 10)
    assert journal.started("a", "there") == 2
    clock.pass_time(seconds=5)
    journal.done("a", {"added": 7})
    (task,) = journal.latest()
    assert (task.id, task.name, task.queue, task.arguments) == ("a", "import", "heavy", "music songs.csv")
    assert (task.state, task.starts, task.worker, task.error) == ("done", 2, "there", "")
    assert (task.result, task.queued_at, task.ended_at) == ('{"added": 7}', NOON, NOON + timedelta(seconds=10))


def test_the_latest_come_first_by_state_and_what_found_nothing_to_do_is_forgotten(journal: TaskJournal, clock: Clock):
    for name in "abc":
        journal.queued(name, name, "light", "")
        clock.pass_time(seconds=1)
    journal.failed("a", "broken")
    journal.done("b", 0)
    assert [task.id for task in journal.latest()] == ["c", "a"]
    assert [task.id for task in journal.latest(1)] == ["c"]
    assert [task.error for task in journal.latest(1, TaskState.FAILED)] == ["broken"]


def test_the_oldest_make_room_and_nothing_is_kept_for_ever(
    journal: TaskJournal, clock: Clock, redis_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(task_journal, "MAX_TASKS", 3)
    for number in range(5):
        journal.queued(str(number), "x" * 10_000, "light", "")
        clock.pass_time(seconds=1)
    assert [task.id for task in journal.latest()] == ["4", "3", "2"]
    assert len(journal.latest()[0].name) == task_journal.MAX_CHARACTERS
    with Redis.from_url(redis_url) as client:
        kept = list(client.scan_iter("emoverse:v1:task:*"))
        assert len(kept) == 3
        assert all(client.ttl(key) > 0 for key in kept)


def test_what_expires_is_listed_when_it_is_begun_and_pushes_nothing_out_before(
    journal: TaskJournal, clock: Clock, redis_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(task_journal, "MAX_TASKS", 2)
    journal.queued("a", "import", "heavy", "")
    for task in "bcd":
        clock.pass_time(seconds=15)
        journal.queued(task, "reviews", "light", "", 15.0)
    assert [task.id for task in journal.latest()] == ["a"]
    with Redis.from_url(redis_url) as client:
        assert 0 < client.ttl("emoverse:v1:task:d") <= 15  # pyright: ignore
    journal.started("d", "here")
    assert [(task.id, task.name) for task in journal.latest()] == [("d", "reviews"), ("a", "import")]


def test_what_is_cut_off_is_counted_once_and_brings_no_report_back(journal: TaskJournal):
    journal.queued("a", "import", "heavy", "")
    assert journal.started("a", "here") == 1
    for task in "ab":
        journal.cut_off(task)
    for _ in range(2):
        journal.count_cut_off()
    assert journal.started("a", "here") == 1
    assert journal.latest()[0].starts == 2
    assert not journal.knows("b")


def test_without_redis_tasks_go_on_and_readers_are_told():
    journal = TaskJournal("redis://127.0.0.1:1/0")
    journal.queued("a", "import", "heavy", "")
    assert journal.started("a", "here") == 1
    journal.cut_off("a")
    journal.count_cut_off()
    with pytest.raises(UnavailableError, match="REDIS_URL"):
        journal.latest()
    journal.close()
