"""Who may stream whom; whose streams must end; and a connection that nobody else can read."""

import asyncio
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import jwt
import pytest

from contracts.events import REVOKED_TOKENS_KEY, STOPS_CHANNEL, StopEvent, StopReason, face_key
from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc
from servicekit.pubsub import open_redis
from services.emotion import sessions
from services.emotion.app import open_service
from services.emotion.settings import EmotionSettings
from standalone.ports import free_ports
from tests.emotion.conftest import OpenService
from tests.emotion.support import DEADLINE_S, Client, face_jpeg, refusal_of, until

SECRET = "one that nobody guesses, for tests only"
REFUSED = grpc.StatusCode.UNAUTHENTICATED


def token(secret: str = SECRET, *without: str, algorithm: str = "HS256", **changes: Any) -> str:
    claims = {
        "sub": "ada",
        "aud": "emotion",
        "exp": datetime.now(UTC) + timedelta(hours=1),
        "jti": "camera",
        **changes,
    }
    return jwt.encode({key: value for key, value in claims.items() if key not in without}, secret, algorithm)


BAD_TOKENS = {
    "none": (None, "token_missing"),
    "another scheme": ("Basic YWRhOmE=", "token_missing"),
    "not a token": ("Bearer x", "token_invalid"),
    "another secret": (f"Bearer {token('another secret that nobody guesses')}", "token_invalid"),
    "for something else": (f"Bearer {token(aud='session')}", "token_invalid"),
    "for ever": (f"Bearer {token(SECRET, 'exp')}", "token_invalid"),
    "of nobody": (f"Bearer {token(SECRET, 'sub')}", "token_invalid"),
    "unsigned": (f"Bearer {token('', algorithm='none')}", "token_invalid"),
    "old": (f"Bearer {token(exp=datetime(2020, 1, 1, tzinfo=UTC))}", "token_expired"),
    "taken back": (f"Bearer {token(jti='lost')}", "token_revoked"),
}


@pytest.mark.parametrize("name", BAD_TOKENS)
async def test_without_a_good_token_nobody_gets_in(
    open_emotion: OpenService, redis_url: str, tfserving_address: str, name: str
):
    header, code = BAD_TOKENS[name]
    metadata = [("authorization", header)] if header else []
    async with (
        open_redis(redis_url) as redis,
        open_emotion(tfserving_address=tfserving_address, token_secret=SECRET) as emotion,
    ):
        adding: Any = redis.sadd(REVOKED_TOKENS_KEY, "lost")
        await adding
        async with Client(emotion, metadata) as client:
            await client.start("ada")
            status, reason, advice = await client.refusal()
        assert (status, reason) == (REFUSED, code)
        assert "Bearer" in advice
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await analyze(emotion, metadata)
        assert refusal_of(caught.value)[:2] == (REFUSED, code)


async def analyze(channel: grpc.aio.Channel, metadata: Any) -> emotion_pb2.AnalyzeImageResponse:
    request = emotion_pb2.AnalyzeImageRequest(image=face_jpeg())
    stub = emotion_pb2_grpc.EmotionServiceStub(channel)
    return await stub.AnalyzeImage(request, timeout=DEADLINE_S, metadata=metadata)


async def test_a_token_lets_its_person_in_and_nobody_else(open_emotion: OpenService, tfserving_address: str):
    metadata = [("authorization", f"bearer {token()}")]
    async with open_emotion(tfserving_address=tfserving_address, token_secret=SECRET) as emotion:
        async with Client(emotion, metadata) as ada:
            assert (await ada.hello("ada")).session_id
        async with Client(emotion, metadata) as other:
            await other.start("eve")
            assert (await other.refusal())[:2] == (grpc.StatusCode.PERMISSION_DENIED, "token_foreign")


async def test_without_redis_a_good_token_still_lets_in(open_emotion: OpenService, tfserving_address: str):
    nowhere = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
    addresses = {"tfserving_address": tfserving_address, "redis_url": nowhere}
    async with (
        open_emotion(**addresses, token_secret=SECRET) as emotion,
        Client(emotion, [("authorization", f"Bearer {token()}")]) as client,
    ):
        assert (await client.hello("ada")).session_id


@pytest.mark.parametrize(("token_id", "stopped"), [(None, {"kitchen", "hall"}), ("camera", {"kitchen"})])
async def test_who_is_not_to_be_looked_at_any_more_is_told_at_once_and_nothing_of_them_is_kept(
    open_emotion: OpenService, redis_url: str, tfserving_address: str, token_id: str | None, stopped: set[str]
):
    def having(jti: str) -> list[tuple[str, str]]:
        return [("authorization", f"Bearer {token(jti=jti)}")]

    async with (
        open_redis(redis_url) as redis,
        open_emotion(tfserving_address=tfserving_address, token_secret=SECRET) as emotion,
        Client(emotion, having("camera")) as kitchen,
        Client(emotion, having("laptop")) as hall,
    ):
        clients = {"kitchen": kitchen, "hall": hall}
        for name, client in clients.items():
            await client.hello("ada", name)
        event = StopEvent(event_id=uuid4().hex, user_id="ada", reason=StopReason.WITHDRAWN, token_id=token_id)

        async def is_heard() -> bool:
            return await redis.publish(STOPS_CHANNEL, event.model_dump_json()) > 0

        await until(is_heard)
        for name in stopped:
            status, code, _ = await clients[name].refusal()
            assert (status, code) == (grpc.StatusCode.PERMISSION_DENIED, "stopped")
        if stopped == set(clients):
            await redis.delete(face_key("ada"))
            await asyncio.sleep(1.2)
            assert not await redis.exists(face_key("ada"))
        else:
            assert (await hall.ask(face_jpeg())).sequence == 1


async def test_a_token_that_was_taken_back_unheard_ends_its_stream(
    open_emotion: OpenService, redis_url: str, tfserving_address: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sessions, "RECHECK_S", 0.05)
    async with (
        open_redis(redis_url) as redis,
        open_emotion(tfserving_address=tfserving_address, token_secret=SECRET) as emotion,
        Client(emotion, [("authorization", f"Bearer {token(jti='lost')}")]) as lost,
        Client(emotion, [("authorization", f"Bearer {token(jti='kept')}")]) as kept,
    ):
        await lost.hello("ada", "kitchen")
        await kept.hello("ada", "hall")
        adding: Any = redis.sadd(REVOKED_TOKENS_KEY, "lost")
        await adding
        assert (await lost.refusal())[:2] == (grpc.StatusCode.PERMISSION_DENIED, "stopped")
        assert (await kept.ask(face_jpeg())).faces


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """For localhost, signed by itself, and its key."""
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    subject = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command.split(), *subject, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


async def test_with_a_certificate_only_tls_is_spoken(
    redis_url: str, tfserving_address: str, certificate: tuple[Path, Path]
):
    settings = EmotionSettings(
        port=0,
        redis_url=redis_url,
        tfserving_address=tfserving_address,
        tls_certificate=certificate[0],
        tls_key=certificate[1],
    )
    credentials = grpc.ssl_channel_credentials(certificate[0].read_bytes())
    async with (
        open_service(settings) as port,
        grpc.aio.secure_channel(f"localhost:{port}", credentials) as secure,
        grpc.aio.insecure_channel(f"localhost:{port}") as plain,
    ):
        async with Client(secure) as client:
            assert (await client.hello()).session_id
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await analyze(plain, None)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("wrong", [{"tls_certificate": __file__}, {"tls_key": __file__}, {"token_secret": "short"}])
def test_half_of_what_tls_needs_and_a_short_secret_are_refused(wrong: dict[str, str]):
    with pytest.raises(ValueError, match=r"tls_certificate|token_secret|TOKEN_SECRET"):
        EmotionSettings.model_validate(wrong)
