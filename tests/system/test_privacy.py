"""A whole session on the whole system, and all that it leaves behind: in Redis, the database, files, logs, traces.

Nowhere is a secret or a picture; and of a person who wants to be forgotten nothing is left but lines that say so.
"""

import asyncio
import base64
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from threading import Event, Thread
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
import stamina
from redis import Redis

from standalone.ports import free_ports
from standalone.redis_server import RedisServer, resolve_redis
from tests.conftest import running as running_redis
from tests.contracts.redis_keys import KEYS
from tests.servicekit.collector import Collector, collecting
from tests.system.test_stack import Stack, stop, wait_until_ready

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

PLANTED = {
    "the gateway's secret": "planted-gateway-secret-0123456789abcdef",
    "the tokens' secret": "planted-token-secret-0123456789abcdefgh",
    "Redis's password": "planted-redis-password",
    "the password": "planted correct horse battery",
    "a wrong password": "planted wrong horse battery",
}
NAME = "planted.name.grace.hopper"
REVIEW = "planted review: it made me think of my grandmother"
DEVICE = "planted camera in the kitchen"
AUDITED = {"began_as_guest", "signed_up", "signed_in", "gave_consent", "added_device", "exported", "deleted"}


@dataclass
class System:
    """The running system, and all that can be looked at from outside."""

    stack: Stack
    redis_url: str
    collector: Collector
    secrets: dict[str, str] = field(default_factory=lambda: dict(PLANTED))

    def found(self) -> dict[str, bytes]:
        """Everything that is kept anywhere, by where."""
        return {**self.files(), **self.entries(), "traces": b"\n".join(str(s).encode() for s in self.collector.spans)}

    def files(self) -> dict[str, bytes]:
        paths = [path for path in self.stack.data_dir.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.stack.data_dir)): path.read_bytes() for path in paths}

    def logs(self) -> dict[str, bytes]:
        return {name: content for name, content in self.files().items() if name.endswith(".log")}

    def entries(self) -> dict[str, bytes]:
        with Redis.from_url(self.redis_url) as redis:
            return {f"Redis {key.decode()}": repr(value_of(redis, key)).encode() for key in redis.scan_iter()}


def value_of(redis: Redis, key: bytes) -> Any:
    kind = redis.type(key)
    read: dict[bytes, Any] = {
        b"string": lambda: redis.get(key),
        b"hash": lambda: redis.hgetall(key),
        b"list": lambda: redis.lrange(key, 0, -1),
        b"set": lambda: redis.smembers(key),
        b"zset": lambda: redis.zrange(key, 0, -1),
        b"none": lambda: None,
    }
    return read[kind]()  # pyright: ignore[reportArgumentType]  (typed for both clients)


@pytest.fixture(scope="module")
def collector() -> Iterator[tuple[Collector, str]]:
    ready, done, out = Event(), Event(), list[tuple[Collector, str]]()

    async def collect() -> None:
        async with collecting() as collected:
            out.append(collected)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = Thread(target=asyncio.run, args=(collect(),))
    thread.start()
    ready.wait(10)
    yield out[0]
    done.set()
    thread.join()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, collector: tuple[Collector, str]) -> Iterator[System]:
    data_dir = tmp_path_factory.mktemp("private")
    (data_dir / "tmp").mkdir()
    gateway_port, emotion_port, redis_port = free_ports(3)
    ours = resolve_redis(None, data_dir, redis_port)
    password = PLANTED["Redis's password"]
    server = RedisServer(f"redis://:{password}@127.0.0.1:{redis_port}/0", (*ours.command, "--requirepass", password))
    environment = os.environ | {
        "GATEWAY_PORT": str(gateway_port),
        "EMOTION_PORT": str(emotion_port),
        "REDIS_URL": server.url,
        "GATEWAY_SECRET": PLANTED["the gateway's secret"],
        "TOKEN_SECRET": PLANTED["the tokens' secret"],
        "SPOTIFY_CLIENT_ID": "planted",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector[1],
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "DEBUG",
        "TMPDIR": str(data_dir / "tmp"),
    }
    environment = {name: value for name, value in environment.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "standalone", "--no-demo", "--data-dir", str(data_dir)]
    with ExitStack() as opened:
        opened.enter_context(running_redis(server))
        terminal = opened.enter_context((data_dir / "terminal.log").open("w"))
        process = opened.enter_context(
            subprocess.Popen(command, env=environment, stdout=terminal, stderr=subprocess.STDOUT, text=True)
        )
        opened.callback(stop, process)
        stack = Stack(process, f"http://127.0.0.1:{gateway_port}", f"127.0.0.1:{emotion_port}", data_dir)
        wait_until_ready(stack)
        yield System(stack, server.url, collector[0])


@dataclass(frozen=True)
class Person:
    client: httpx.Client
    user_id: str
    token: str
    pictures: list[bytes]


@pytest.fixture(scope="module")
def person(system: System) -> Iterator[Person]:
    """Somebody who has done everything there is to do."""
    with httpx.Client(base_url=system.stack.gateway_url, timeout=30) as client:
        person = Person(client, began(system, client), *streaming_device(system, client))
        streamed(system, person)
        said(person)
        yield replace(person, pictures=[uploaded(person)])


def began(system: System, client: httpx.Client) -> str:
    user_id = client.post("/v1/guests").raise_for_status().json()["user_id"]
    client.put("/v1/users/me/consent", json={"version": 1}).raise_for_status()
    client.put("/v1/users/me/login", json={"name": NAME, "password": PLANTED["the password"]}).raise_for_status()
    client.post("/v1/session", json={"name": NAME, "password": PLANTED["the password"]}).raise_for_status()
    refused = client.post("/v1/session", json={"name": NAME, "password": PLANTED["a wrong password"]})
    assert refused.status_code == 401
    system.secrets["the session"] = client.cookies["emoverse_session"]
    return user_id


def streaming_device(system: System, client: httpx.Client) -> tuple[str, list[bytes]]:
    token = client.post("/v1/users/me/devices", json={"name": DEVICE}).raise_for_status().json()["token"]
    system.secrets["the device's token"] = token
    return token, []


def streamed(system: System, person: Person) -> None:
    """The drawn face streams until a mood is known, and picks came of it."""
    command = [sys.executable, "-m", "services.capture", "--source", "demo", "--user", person.user_id, "--json"]
    command += ["--server", system.stack.emotion_address]
    environment = os.environ | {"CAPTURE_TOKEN": person.token}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as capture:
        try:
            mood_known(person)
        finally:
            capture.terminate()


@stamina.retry(on=httpx.HTTPError, attempts=None, timeout=60, wait_max=0.5)
def mood_known(person: Person) -> None:
    person.client.get("/v1/users/me/mood").raise_for_status()


def said(person: Person) -> None:
    client = person.client
    listing = client.get("/v1/users/me/recommendations", params={"kind": "music"}).raise_for_status().json()
    item_id = listing["picks"][0]["item"]["id"]
    for path, body in (
        ("feedback", {"item_id": item_id, "action": "like"}),
        ("reviews", {"item_id": item_id, "text": REVIEW}),
        ("mood/correction", {"mood": "happy"}),
        ("spotify", None),
    ):
        client.post(f"/v1/users/me/{path}", json=body).raise_for_status()
    client.get("/v1/users/me/recommendations", params={"kind": "movie", "goal": "journey"}).raise_for_status()


def uploaded(person: Person) -> bytes:
    """Noise, so that no piece of it is anywhere by chance."""
    noise = np.random.default_rng().integers(0, 256, (200, 200, 3), np.uint8)
    picture = cv2.imencode(".jpg", noise)[1].tobytes()
    files = {"image": ("planted.jpg", picture, "image/jpeg")}
    person.client.post("/v1/images", files=files).raise_for_status()
    return picture


def where(system: System, needle: bytes) -> list[str]:
    return [place for place, content in system.found().items() if needle in content]


def test_no_secret_is_anywhere(system: System, person: Person):
    assert person.user_id
    for what, secret in system.secrets.items():
        assert where(system, secret.encode()) == [], what


def test_no_picture_is_anywhere(system: System, person: Person):
    (picture,) = person.pictures
    pieces = [picture[at : at + 24] for at in range(700, len(picture) - 24, 997)]
    assert len(pieces) > 20
    found = system.found()
    for piece in pieces:
        for written in (piece, base64.b64encode(piece)[2:-2], piece.hex().encode(), repr(piece)[2:-1].encode()):
            assert not [place for place, content in found.items() if written in content]
    for place, content in {**system.entries(), **system.logs(), "traces": found["traces"]}.items():
        for start in (b"\xff\xd8\xff", b"\\xff\\xd8\\xff", b"/9j/", b"\x89PNG", b"\\x89PNG"):
            assert start not in content, place


def test_every_key_is_one_that_is_known_and_ends_by_itself(system: System, person: Person):
    assert person.user_id
    with Redis.from_url(system.redis_url, decode_responses=True) as redis:
        keys: list[str] = list(redis.scan_iter())
        unknown = [key for key in keys if not any(key.startswith(prefix) for prefix in KEYS)]
        assert unknown == []
        ending = [prefix for prefix, key in KEYS.items() if not key.lasts]
        lasting = [key for key in keys if redis.ttl(key) == -1 and any(map(key.startswith, ending))]
        assert lasting == []


def test_of_a_person_who_wants_to_be_forgotten_nothing_is_left(system: System, person: Person):
    exported = person.client.get("/v1/users/me/export").raise_for_status().text
    assert NAME in exported
    assert REVIEW in exported
    person.client.delete("/v1/users/me").raise_for_status()
    for planted in (NAME, REVIEW, DEVICE):
        assert where(system, planted.encode()) == [], planted
    needle = person.user_id.encode()
    assert [key for key, value in system.entries().items() if needle in key.encode() + value] == []
    assert rows_with(system, person.user_id) == {"forgotten"}, "kept for minutes, against what is still on its way"
    for place, content in system.logs().items():
        for line in content.splitlines():
            if needle in line:
                assert json.loads(line)["event"] in AUDITED, f"{place}: {line.decode()}"


def rows_with(system: System, text: str) -> set[str]:
    """The tables that hold this text in any column."""
    tables: set[str] = set()
    for path in system.stack.data_dir.glob("*.db"):
        with closing(sqlite3.connect(path)) as connection:
            for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
                rows = connection.execute(f'select * from "{table}"').fetchall()  # noqa: S608  (its own names)
                if any(text in str(value) for row in rows for value in row):
                    tables.add(table)
    return tables
