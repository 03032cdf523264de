"""The whole system as `make run` starts it, seen from outside: processes, ports, the live channel."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import stamina

from contracts.recommendation import Kind
from tests.running import STOP_TIMEOUT_S, Stack, running_stack, stop, wait_until_ready

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

EVENT_TIMEOUT_S = 60

Event = dict[str, Any]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack"), {}) as running:
        yield running


@pytest.fixture
def capture(stack: Stack) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts capture clients on the drawn face, and stops them."""
    clients: list[subprocess.Popen[str]] = []

    def start(user_id: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "services.capture", "--source", "demo", "--json"]
        command += ["--server", stack.emotion_address, "--user", user_id]
        # To a file, not a pipe: a full pipe would hold the client up.
        with readings_of(stack, user_id).open("w") as output:
            clients.append(subprocess.Popen(command, stdout=output, text=True))
        return clients[-1]

    yield start
    for client in clients:
        client.terminate()
        client.wait(STOP_TIMEOUT_S)


def events(lines: Iterator[str]) -> Iterator[tuple[str, Event]]:
    """The (name, data) of each server-sent event."""
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def first(stream: Iterator[tuple[str, Event]], wanted: str, condition: Callable[[Event], object]) -> Event:
    return next(data for name, data in stream if name == wanted and condition(data))


def readings_of(stack: Stack, user_id: str) -> Path:
    return stack.data_dir / f"{user_id}.jsonl"


@stamina.retry(on=StopIteration, attempts=None, timeout=EVENT_TIMEOUT_S, wait_max=0.5)
def first_reading_with_a_face(stack: Stack, user_id: str) -> Event:
    lines = readings_of(stack, user_id).read_text().split("\n")[:-1]
    return next(reading for reading in map(json.loads, lines) if reading["status"] == "ok" and reading["faces"])


def test_a_face_becomes_moods_and_moods_become_fitting_picks_that_learn(
    stack: Stack, capture: Callable[[str], subprocess.Popen[str]]
):
    with httpx.stream("GET", f"{stack.user('ada')}/live", timeout=EVENT_TIMEOUT_S) as response:
        stream = events(response.iter_lines())
        capture("ada")
        first(stream, "mood", lambda data: data["mood"]["state"] == "happy")
        before = first(stream, "recommendations", lambda data: data["mood"] and data["mood"]["state"] == "happy")
        assert set(before["picks"]) == set(Kind)
        songs = [pick["item"] for pick in before["picks"]["music"]]
        assert sum(song["valence"] for song in songs) / len(songs) > 0.2, "a happy mood asks for pleasant songs"

        disliked = songs[0]["id"]
        reply = httpx.post(f"{stack.user('ada')}/feedback", json={"item_id": disliked, "action": "dislike"}, timeout=10)
        assert reply.status_code == 201, reply.text
        after = first(
            stream,
            "recommendations",
            lambda data: disliked not in {pick["item"]["id"] for pick in data["picks"]["music"]},
        )
        assert all(pick["reasons"] for pick in after["picks"]["music"])


def test_the_capture_client_prints_a_reading_per_frame(stack: Stack, capture: Callable[[str], subprocess.Popen[str]]):
    capture("grace")
    seen = first_reading_with_a_face(stack, "grace")
    face = seen["faces"][0]
    assert set(face["box"]) == {"x", "y", "width", "height"}
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert seen["latency_ms"] > 0


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_recommended_with_reasons_to_somebody_unknown(stack: Stack, kind: Kind):
    reply = httpx.get(f"{stack.user('nobody-yet')}/recommendations", params={"kind": kind, "count": 5}, timeout=10)
    assert reply.status_code == 200, reply.text
    picks = reply.json()["picks"]
    assert len({pick["item"]["id"] for pick in picks}) == 5
    assert all(pick["item"]["kind"] == kind and pick["reasons"] for pick in picks)


def test_a_repeated_write_changes_nothing(stack: Stack):
    picks = httpx.get(f"{stack.user('linus')}/recommendations", params={"kind": "movie"}, timeout=10).json()["picks"]
    body = {"item_id": picks[0]["item"]["id"], "action": "like"}
    replies = [
        httpx.post(f"{stack.user('linus')}/feedback", json=body, headers={"Idempotency-Key": "once"}, timeout=10)
        for _ in range(2)
    ]
    assert [reply.json()["duplicate"] for reply in replies] == [False, True]


@stamina.retry(on=(AssertionError, httpx.HTTPError), attempts=None, timeout=60, wait_max=1.0)
def computed_clusters(stack: Stack) -> list[Event]:
    clusters = httpx.get(f"{stack.gateway_url}/v1/clusters", timeout=10).raise_for_status().json()["clusters"]
    assert clusters, "no clusters yet"
    return clusters


def test_the_workers_compute_the_clusters(stack: Stack):
    clusters = computed_clusters(stack)
    assert len(clusters) >= 2
    assert all(cluster["size"] > 0 and cluster["name"] for cluster in clusters)


@pytest.mark.parametrize("part", ["emotion", "recommender", "gateway", "model-server", "redis"])
def test_a_killed_part_comes_back_by_itself(stack: Stack, capture: Callable[[str], subprocess.Popen[str]], part: str):
    client = capture("marie")
    mood_since(stack, "marie", datetime.min.replace(tzinfo=UTC))
    killed = stack.part(part)
    killed.kill()
    killed_at = datetime.now(UTC)
    wait_for_another(stack, part, killed.pid)
    wait_until_ready(stack)
    mood_since(stack, "marie", killed_at)
    assert client.poll() is None


@stamina.retry(on=(AssertionError, LookupError, psutil.Error), attempts=None, timeout=60, wait_max=1.0)
def wait_for_another(stack: Stack, part: str, pid: int) -> None:
    assert stack.part(part).pid != pid


@stamina.retry(on=(AssertionError, httpx.HTTPError), attempts=None, timeout=EVENT_TIMEOUT_S, wait_max=1.0)
def mood_since(stack: Stack, user_id: str, moment: datetime) -> None:
    mood = httpx.get(f"{stack.user(user_id)}/mood", timeout=10).raise_for_status().json()
    assert datetime.fromisoformat(mood["at"]) > moment


def test_ctrl_c_stops_everything_and_leaves_nothing_behind(stack: Stack):
    children = psutil.Process(stack.process.pid).children(recursive=True)
    assert len(children) >= 7
    stop(stack.process)
    _, alive = psutil.wait_procs(children, timeout=10)
    assert (stack.process.returncode, alive) == (0, [])
