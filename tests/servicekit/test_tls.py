"""Encrypted lines, with certificates made here: between services, to Redis, and who is not let in."""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import MOODS_CHANNEL, MoodEvent
from servicekit.errors import ConfigurationError
from servicekit.grpc_channel import open_channel
from servicekit.grpc_server import create_server, serving
from servicekit.probe import SERVING, health_of
from servicekit.pubsub import open_redis, subscribe
from servicekit.settings import ServiceSettings
from servicekit.tls import Tls
from services.recommender.broker import open_celery
from services.recommender.settings import RecommenderSettings
from tests.certificates import Authority, Pair
from tests.gateway.stand_ins import mood_event

NAME = "emoverse.v1.RecommenderService"


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "theirs")


def shown(authority: Authority, pair: Pair) -> Tls:
    return Tls(authority.ca_file, pair.certificate, pair.key)


@pytest.fixture
async def address(ours: Authority) -> AsyncGenerator[str]:
    """A server that lets in only whom our authority vouches for."""
    server, reporter = await create_server(NAME)
    await reporter.set_serving(True)
    tls = shown(ours, ours.vouch("localhost", "recommender"))
    async with serving(server, "127.0.0.1:0", "RECOMMENDER_PORT", tls) as port:
        yield f"localhost:{port}"


async def test_who_shows_a_certificate_of_ours_is_let_in(address: str, ours: Authority):
    async with open_channel(address, tls=shown(ours, ours.vouch("gateway"))) as channel:
        assert await health_of(channel) == SERVING


@pytest.mark.parametrize("who", ["in plain", "without a certificate", "vouched for by somebody else"])
async def test_nobody_else_is(address: str, ours: Authority, theirs: Authority, who: str):
    tls = {
        "in plain": None,
        "without a certificate": Tls(ours.ca_file),
        "vouched for by somebody else": shown(ours, theirs.vouch("gateway")),
    }[who]
    async with open_channel(address, tls=tls) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await health_of(channel)
    assert caught.value.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


async def test_a_server_that_nobody_vouches_for_is_told_nothing(address: str, ours: Authority, theirs: Authority):
    async with open_channel(address, tls=shown(theirs, ours.vouch("gateway"))) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await health_of(channel)


async def test_the_probe_speaks_it_too(address: str, ours: Authority):
    pair = ours.vouch("probe")
    environment = {"TLS_CA_FILE": ours.ca_file, "TLS_CERTIFICATE_FILE": pair.certificate, "TLS_KEY_FILE": pair.key}
    probe = [sys.executable, "-m", "servicekit.probe", address.replace("localhost", "127.0.0.1")]
    for command, status in (([*probe, "recommender"], 0), (probe, 1)):
        run = await asyncio.to_thread(
            subprocess.run, command, env={k: str(v) for k, v in environment.items()}, check=False, timeout=30
        )
        assert run.returncode == status


def test_half_of_it_is_a_wrong_setting(ours: Authority):
    with pytest.raises(ValueError, match="TLS_KEY_FILE"):
        ServiceSettings(tls_ca_file=ours.ca_file)
    assert ServiceSettings().inside is None


def test_a_file_that_has_gone_is_told(ours: Authority):
    with pytest.raises(ConfigurationError, match="PEM"):
        Tls(ours.ca_file, ours.ca_file, ours.ca_file.with_name("gone")).server_credentials()


@pytest.mark.parametrize("wrong", ["another's key", "no PEM", "no authority", "no key"])
async def test_files_that_grpc_could_not_use_are_told_first(ours: Authority, wrong: str):
    pair, garbage = ours.vouch("localhost"), ours.ca_file.with_name("garbage.pem")
    garbage.write_text("half a renewal")
    tls = {
        "another's key": Tls(None, pair.certificate, ours.vouch("other").key),
        "no PEM": Tls(None, garbage, pair.key),
        "no authority": Tls(garbage, *pair),
        "no key": Tls(None, pair.certificate),
    }[wrong]
    with pytest.raises(ConfigurationError) as caught:
        open_channel("localhost:1", tls=tls)
    assert caught.value.code == "tls_file_unusable"
    server, _ = await create_server(NAME)
    with pytest.raises(ConfigurationError) as caught:
        async with serving(server, "127.0.0.1:0", "RECOMMENDER_PORT", tls):
            pass
    assert caught.value.code == "tls_file_unusable"


@asynccontextmanager
async def encrypted(redis_url: str, pair: Pair) -> AsyncGenerator[int]:
    """A port that speaks TLS for a Redis that does not."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*pair)
    inner = urlsplit(redis_url)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(inner.hostname, inner.port)
        for source, target in ((reader, there_writer), (there_reader, writer)):
            tasks.add(asyncio.create_task(pump(source, target)))

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
            target.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def with_password(redis_url: str, password: str) -> AsyncGenerator[None]:
    async with Redis.from_url(redis_url) as redis:
        await redis.config_set("requirepass", password)
    async with Redis.from_url(redis_url, password=password) as redis:
        yield
        await redis.config_set("requirepass", "")


async def test_redis_over_tls_with_a_password(redis_url: str, ours: Authority, theirs: Authority):
    query = "ssl_cert_reqs=required&ssl_ca_certs="
    async with with_password(redis_url, "s3cret"), encrypted(redis_url, ours.vouch("127.0.0.1")) as port:
        url = f"rediss://:s3cret@127.0.0.1:{port}/0?{query}{ours.ca_file}"
        async with open_redis(url) as redis, asyncio.timeout(20):
            events = subscribe(redis, MOODS_CHANNEL, MoodEvent)
            heard = asyncio.ensure_future(anext(events))
            while not heard.done():
                await redis.publish(MOODS_CHANNEL, mood_event("ada").model_dump_json())
                await asyncio.sleep(0)
            assert (await heard).user_id == "ada"
            await events.aclose()
        celery = open_celery(RecommenderSettings(redis_url=url))
        with celery.connection_for_write() as connection:
            await asyncio.to_thread(connection.ensure_connection, max_retries=1, timeout=5)
        celery.close()
        for wrong in (
            f"rediss://:s3cret@127.0.0.1:{port}/0?{query}{theirs.ca_file}",
            f"rediss://:guessed@127.0.0.1:{port}/0?{query}{ours.ca_file}",
            f"rediss://127.0.0.1:{port}/0?{query}{ours.ca_file}",
            redis_url,
        ):
            async with open_redis(wrong) as redis:
                with pytest.raises(RedisError) as caught:
                    await redis.get("emoverse:v1:mood:ada")
                assert "s3cret" not in str(caught.value)
                assert "guessed" not in str(caught.value)
