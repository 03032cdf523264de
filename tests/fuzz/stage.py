"""Everything that has an edge, in this process: the real services on a real Redis and real ports, watched."""

import asyncio
import logging
import traceback
from collections.abc import Coroutine, Generator, MutableMapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Final, TypeVar

import grpc
import httpx
import structlog
from redis.asyncio import Redis

from contracts.events import MOODS_CHANNEL, RECOMMENDATIONS_CHANNEL, STOPS_CHANNEL
from contracts.pb.emoverse.v1 import emotion_pb2, emotion_pb2_grpc, recommender_pb2, recommender_pb2_grpc
from servicekit.database import Database, open_engine
from servicekit.migration import migrate, when_reachable
from services.emotion.app import open_service as open_emotion
from services.emotion.settings import EmotionSettings
from services.gateway.access import COOKIE
from services.gateway.accounts.schema import MIGRATIONS
from services.gateway.accounts.tokens import Claims, Purpose, Signer
from services.gateway.app import create_app
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from services.recommender.app import open_service as open_recommender
from services.recommender.migration import migrate as migrate_recommender
from services.recommender.migration import prepare_database
from services.recommender.settings import RecommenderSettings
from standalone.ports import free_ports
from standalone.redis_server import resolve_redis
from tests.conftest import running as running_redis
from tests.emotion.support import FakeModel, face_jpeg, serve_model

SECRET: Final = "fuzzing-fuzzing-fuzzing-fuzzing-fuzzing"
START_TIMEOUT_S: Final = 120.0
ANSWER_TIMEOUT_S: Final = 20.0
"""What takes longer hangs."""
SUBSCRIBERS: Final = {MOODS_CHANNEL: 2, RECOMMENDATIONS_CHANNEL: 1, STOPS_CHANNEL: 2}
"""How many listen while all is well."""

T = TypeVar("T")


class CrashError(AssertionError):
    """Something ended, or failed in a way that nobody expected."""


class HangError(AssertionError):
    """Something did not answer in time."""


class ServerError(AssertionError):
    """An answer that blames the server."""


@dataclass
class Watch(logging.Handler):
    """Hears what the services' logs call a bug."""

    bugs: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        told = traceback.format_exception(record.exc_info[1]) if record.exc_info and record.exc_info[1] else []
        self.bugs.append(record.getMessage()[:500] + "".join(told)[-1500:])

    def __call__(self, _logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """As a processor of structlog."""
        if method in {"critical", "exception"}:
            error = event.get("exc_info")
            told = "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else ""
            self.bugs.append(f"{event.get('event')} {told or traceback.format_exc()}"[-2000:])
        raise structlog.DropEvent

    def __hash__(self) -> int:
        return id(self)


@dataclass
class Stage:
    """What the fuzzing works on; its loop runs in a thread of its own."""

    loop: asyncio.AbstractEventLoop
    watch: Watch
    folder: Path
    redis_url: str = ""
    emotion: Any = None
    """A channel."""
    recommender: Any = None
    """A channel."""
    gateway: Any = None
    """The app."""
    gateway_port: int = 0
    redis: Any = None
    cookies: dict[str, str] = field(default_factory=dict[str, str])
    user_id: str = ""
    token: str = ""
    """Of a device of theirs."""
    operator: str = ""
    """An operator's session."""
    imports: Any = None
    """A database to import into."""

    def do(self, work: Coroutine[Any, Any, T], timeout_s: float = ANSWER_TIMEOUT_S) -> T:
        """Do it on the loop of the services.

        Raises:
            HangError: it takes too long.
            CrashError: a log calls something a bug meanwhile.
        """
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            result = future.result(timeout_s)
        except FutureTimeoutError:
            if future.done():
                raise
            future.cancel()
            raise HangError(f"no answer within {timeout_s:g} s") from None
        self.require_no_bug()
        return result

    def require_no_bug(self) -> None:
        """Raise what the logs call a bug."""
        if self.watch.bugs:
            bugs, self.watch.bugs = self.watch.bugs, []
            raise CrashError("\n".join(bugs))

    def token_for(self, user_id: str) -> str:
        """A device's token for anybody."""
        now = datetime.now(UTC)
        return Signer(SECRET, Purpose.DEVICE).sign(Claims("fuzzer", user_id, now + timedelta(hours=12)))

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """Of a call to the emotion service."""
        return (("authorization", f"Bearer {self.token}"),)

    def require_life(self) -> None:
        """Return if everything still does its work.

        Raises:
            AssertionError: it does not.
        """
        self.do(self._require_life())

    async def _require_life(self) -> None:
        picture = emotion_pb2.AnalyzeImageRequest(image=face_jpeg())
        call: Any = emotion_pb2_grpc.EmotionServiceStub(self.emotion).AnalyzeImage
        answer = await call(picture, metadata=self.metadata, timeout=10)
        if len(answer.faces) != 1:
            raise CrashError("the emotion service sees no face any more")
        recommend: Any = recommender_pb2_grpc.RecommenderServiceStub(self.recommender).Recommend
        picks = await recommend(recommender_pb2.RecommendRequest(user_id="alive", kind="music"), timeout=10)
        if not picks.picks:
            raise CrashError("the recommender recommends nothing any more")
        listening = dict(await self.redis.pubsub_numsub(*SUBSCRIBERS))
        heard = {name if isinstance(name, str) else name.decode(): count for name, count in listening.items()}
        if heard != SUBSCRIBERS:
            raise CrashError(f"not everybody listens any more: {heard}")
        reply = await self.ask("GET", "/health/ready")
        if not reply.is_success:
            raise ServerError(reply.text)

    async def ask_as_operator(self, method: str, path: str) -> httpx.Response:
        """A request to the gateway by somebody who may see everybody."""
        return await self.ask(method, path, headers={"Cookie": f"{COOKIE}={self.operator}"})

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request to the gateway on its real port."""
        url = f"http://127.0.0.1:{self.gateway_port}"
        cookies = {} if "headers" in options else self.cookies
        async with httpx.AsyncClient(base_url=url, cookies=cookies, timeout=ANSWER_TIMEOUT_S) as client:
            return await client.request(method, path, **options)


@contextmanager
def staged() -> Generator[Stage]:
    """Everything up, with one guest who has agreed, and a device of theirs."""
    watch = Watch()
    structlog.configure(processors=[watch], cache_logger_on_first_use=False)
    logging.getLogger().addHandler(watch)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        with TemporaryDirectory() as folder:
            stage = Stage(loop, watch, Path(folder))
            with running_redis(resolve_redis(None, stage.folder, free_ports(1)[0])) as stage.redis_url:
                opened = AsyncExitStack()
                stage.do(_open(stage, opened), START_TIMEOUT_S)
                try:
                    stage.require_life()
                    yield stage
                finally:
                    asyncio.run_coroutine_threadsafe(opened.aclose(), loop).result(START_TIMEOUT_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        logging.getLogger().removeHandler(watch)
        structlog.reset_defaults()


async def _open(stage: Stage, opened: AsyncExitStack) -> None:
    databases = {name: f"sqlite:///{stage.folder / name}.db" for name in ("recommender", "gateway")}
    await asyncio.to_thread(prepare_database, databases["recommender"])
    imports = open_engine(f"sqlite:///{stage.folder}/imports.db")
    opened.callback(imports.dispose)
    stage.imports = Database(imports)
    migrate_recommender(stage.imports)
    await asyncio.to_thread(when_reachable, databases["gateway"], partial(migrate, migrations=MIGRATIONS))
    model = await opened.enter_async_context(serve_model(FakeModel()))
    shared: dict[str, Any] = {"redis_url": stage.redis_url, "port": 0}
    emotion = EmotionSettings.model_validate(
        {**shared, "tfserving_address": model, "token_secret": SECRET, "reconnect_grace_s": 0.1}
    )
    recommender = RecommenderSettings.model_validate({**shared, "database_url": databases["recommender"]})
    ports = [await opened.enter_async_context(open_emotion(emotion))]
    ports.append(await opened.enter_async_context(open_recommender(recommender)))
    addresses = [f"127.0.0.1:{port}" for port in ports]
    gateway = GatewaySettings.model_validate(
        {
            **shared,
            "database_url": databases["gateway"],
            "emotion_address": addresses[0],
            "recommender_address": addresses[1],
            "token_secret": SECRET,
            "web_dir": stage.folder / "web",
        }
    )
    gateway.web_dir.mkdir()
    (gateway.web_dir / "index.html").write_text("<!doctype html>")
    stage.gateway = create_app(gateway)
    stage.gateway_port = await opened.enter_async_context(serving(stage.gateway, gateway))
    stage.redis = await opened.enter_async_context(Redis.from_url(stage.redis_url))
    stage.emotion, stage.recommender = [
        await opened.enter_async_context(grpc.aio.insecure_channel(address)) for address in addresses
    ]
    await stage.emotion.channel_ready()
    await _until_serving(stage)
    await _begin(stage)


async def _until_serving(stage: Stage) -> None:
    for _ in range(200):
        if (await stage.ask("GET", "/health/ready")).is_success:
            return
        await asyncio.sleep(0.1)
    raise HangError("the gateway never became ready")


async def _begin(stage: Stage) -> None:
    guest = (await stage.ask("POST", "/v1/guests")).raise_for_status()
    stage.cookies, stage.user_id = dict(guest.cookies), guest.json()["user_id"]
    (await stage.ask("PUT", "/v1/users/me/consent", json={"version": 1})).raise_for_status()
    device = await stage.ask("POST", "/v1/users/me/devices", json={"name": "fuzzer"})
    stage.token = device.raise_for_status().json()["token"]
    accounts = stage.gateway.state.accounts
    accounts.add_operator("root", SECRET)
    stage.operator = accounts.sign_in("root", SECRET).token
