"""The import as a command and as a task, with what follows from it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from contracts.recommendation import Kind
from contracts.tasks import HEAVY_QUEUE, IMPORT_CATALOGUE, LIGHT_QUEUE, RECOMPUTE_CLUSTERS, SCORE_REVIEWS
from servicekit.database import Database
from services.recommender import tasks
from services.recommender.settings import RecommenderSettings
from tests.recommender.importing.support import FILMS, SONGS, film, rows, song, write

NOBODY = "redis://127.0.0.1:1/0"


def command(*arguments: object, database_url: str, redis_url: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "RECOMMENDER_REJECTS_FOLDER": str(folder)}
    words = [sys.executable, "-m", "services.recommender", "import", *map(str, arguments)]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)


def queued(redis_url: str, queue: str) -> list[str]:
    with Redis.from_url(redis_url) as client:
        return [json.loads(message)["headers"]["task"] for message in client.lrange(queue, 0, -1)]


def test_the_command_imports_prints_and_has_the_songs_clustered(
    redis_url: str, database_url: str, database: Database, tmp_path: Path
):
    path = write(tmp_path / "songs.csv", SONGS, song("Ana", "Brand New Song"), "Ana,Short")
    done = command("music", path, "--json", database_url=database_url, redis_url=redis_url, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["read"], summary["added"], summary["rejected"]) == (2, 1, 1)
    assert Path(summary["rejects"]) == tmp_path / "songs.csv.rejects.jsonl"
    assert "music:ana-brand-new-song" in rows(database, Kind.MUSIC)
    assert queued(redis_url, HEAVY_QUEUE) == [RECOMPUTE_CLUSTERS]


def test_the_command_needs_no_broker_and_speaks_in_words(database_url: str, tmp_path: Path):
    path = write(tmp_path / "films.csv", FILMS, film("Harbour Robots", 2011, "tt7654321"))
    done = command("movies", path, database_url=database_url, redis_url=NOBODY, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "imdb-5000: 1 rows read, 1 added, 0 updated, 0 merged, 0 skipped, 0 rejected\n"
    assert "the clock will do it" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["paintings", "a.csv"], 2, "wellbeing"),
        (["movies", "nowhere.csv"], 1, "No such file"),
        (["movies", "nowhere.csv", "--format", "x", "--encoding", "klingon"], 1, "klingon"),
    ],
)
def test_wrong_use_ends_with_one_clear_line(
    database_url: str, tmp_path: Path, arguments: list[str], status: int, words: str
):
    done = command(*arguments, database_url=database_url, redis_url=NOBODY, folder=tmp_path)
    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_task_imports_and_has_reviews_scored(redis_url: str, database_url: str, database: Database, tmp_path: Path):
    path = write(tmp_path / "films.csv", FILMS, film("Harbour Robots", 2011, "tt7654321"))
    settings = RecommenderSettings(redis_url=redis_url, database_url=database_url, rejects_folder=tmp_path)
    worker = tasks.open_worker_app(settings)
    done = worker.tasks[IMPORT_CATALOGUE].apply(args=["movie", str(path)], throw=True)
    assert done.result["added"] == 1
    worker.close()
    assert "movie:harbour-robots-2011" in rows(database, Kind.MOVIE)
    assert queued(redis_url, LIGHT_QUEUE) == [SCORE_REVIEWS]


@pytest.mark.parametrize(
    ("kind", "name", "reason"), [("paintings", "a.csv", "wellbeing"), ("movie", "nowhere.csv", "No such file")]
)
def test_a_task_that_cannot_work_says_so_and_ends(
    redis_url: str, database_url: str, tmp_path: Path, kind: str, name: str, reason: str
):
    worker = tasks.open_worker_app(RecommenderSettings(redis_url=redis_url, database_url=database_url))
    worker.journal.queued("one", IMPORT_CATALOGUE, HEAVY_QUEUE, "")
    result = worker.tasks[IMPORT_CATALOGUE].apply(args=[kind, str(tmp_path / name)], task_id="one")
    assert result.state == "FAILURE"
    (task,) = worker.journal.latest()
    assert task.state == "failed"
    assert reason in task.error
    worker.close()
