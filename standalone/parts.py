"""The parts of the system: how each is started, when it is ready, and what it waits for."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.tasks import HEAVY_QUEUE, LIGHT_QUEUE
from servicekit.loopback import is_loopback
from standalone.ports import LOOPBACK, free_ports
from standalone.probes import Probe, grpc_serves, http_answers, model_is_served, redis_answers
from standalone.redis_server import RedisServer, resolve_redis
from standalone.secret import device_token, kept_secret
from standalone.settings import StackSettings

DEMO_USER: Final = "demo"

_WILDCARDS: Final = ("0.0.0.0", "::", "")  # noqa: S104  (recognised, not bound)


@dataclass(frozen=True)
class Part:
    """One process of the system, or one that somebody else runs.

    Attributes:
        name: what people call it; also the name of its log.
        command: what starts it; empty where somebody else runs it.
        probe: tells that it is ready; None where having been started is enough.
        after: the names of the parts that must be ready before it starts.
        one_shot: ready when it has ended well.
        advice: what to do when it does not become ready, beside looking at its log.
    """

    name: str
    command: tuple[str, ...]
    probe: Probe | None = None
    after: tuple[str, ...] = ()
    one_shot: bool = False
    advice: str = ""


@dataclass(frozen=True)
class Plan:
    """What one run consists of.

    Attributes:
        parts: in an order that respects `Part.after`.
        environment: what every process gets.
        gateway_url: where the gateway answers.
        emotion_address: HOST:PORT of the emotion service.
    """

    parts: tuple[Part, ...]
    environment: dict[str, str]
    gateway_url: str
    emotion_address: str


@dataclass(frozen=True)
class _Addresses:
    redis: RedisServer
    model_server: str
    recommender: str
    emotion: str
    gateway_url: str


def plan(settings: StackSettings, data_dir: Path, with_demo: bool) -> Plan:
    """Choose the internal ports and put the parts together.

    Args:
        settings: the public addresses and what is already there.
        data_dir: the private directory of this run, absolute; it must exist.
        with_demo: whether the demo person is watched.

    Raises:
        ConfigurationError: there is no Redis to be had.
    """
    redis_port, model_port, recommender_port = free_ports(3)
    redis_dir = data_dir / "redis"
    redis_dir.mkdir(exist_ok=True)
    addresses = _Addresses(
        redis=resolve_redis(settings.redis_url, redis_dir, redis_port),
        model_server=settings.tfserving_address or f"{LOOPBACK}:{model_port}",
        recommender=f"{LOOPBACK}:{recommender_port}",
        emotion=f"{_reachable(settings.emotion_host)}:{settings.emotion_port}",
        gateway_url=f"http://{_reachable(settings.gateway_host)}:{settings.gateway_port}",
    )
    environment = {
        # One process for each queue: on one machine both are for one person.
        "RECOMMENDER_WORKER_CONCURRENCY": "1",
        "RECOMMENDER_IMPORT_FOLDER": str(data_dir / "imports"),
        "RECOMMENDER_REJECTS_FOLDER": str(data_dir / "rejects"),
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "REDIS_URL": addresses.redis.url,
        "DATABASE_URL": settings.database_url or f"sqlite:///{data_dir / 'emoverse.db'}",
        "TFSERVING_ADDRESS": addresses.model_server,
        "MODEL_SERVER_HOST": LOOPBACK,
        "MODEL_SERVER_PORT": str(model_port),
        "MODEL_SERVER_BASE_PATH": str(settings.model_base_path.resolve()),
        "RECOMMENDER_HOST": LOOPBACK,
        "RECOMMENDER_PORT": str(recommender_port),
        "RECOMMENDER_ADDRESS": addresses.recommender,
        "EMOTION_HOST": settings.emotion_host,
        "EMOTION_PORT": str(settings.emotion_port),
        "GATEWAY_HOST": settings.gateway_host,
        "GATEWAY_PORT": str(settings.gateway_port),
        "GATEWAY_DATABASE_URL": settings.gateway_database_url or f"sqlite:///{data_dir / 'gateway.db'}",
        "GATEWAY_SECRET": settings.gateway_secret or kept_secret(data_dir / "gateway.secret"),
        # Who can reach the loopback address is on this machine, and may choose any name for a capture client.
        "GATEWAY_OPEN": str(is_loopback(settings.gateway_host)).lower(),
        "EMOTION_ADDRESS": addresses.emotion,
        **(_demo_environment() if with_demo else {}),
    }
    # There are two workers, and one of them alone could have it.
    environment.pop("RECOMMENDER_WORKER_METRICS_PORT", None)
    parts = (*_own_parts(settings, addresses), *(_demo(addresses) if with_demo else ()))
    return Plan(parts, environment, addresses.gateway_url, addresses.emotion)


def _own_parts(settings: StackSettings, addresses: _Addresses) -> tuple[Part, ...]:
    return (
        Part(
            "redis",
            addresses.redis.command,
            redis_answers(addresses.redis.url),
            advice="" if addresses.redis.command else "Check that REDIS_URL names a Redis that runs, or unset it.",
        ),
        Part(
            "model-server",
            () if settings.tfserving_address else _python("standalone.model_server"),
            model_is_served(addresses.model_server),
            advice="Check that TFSERVING_ADDRESS names a TensorFlow Serving with the model, or unset it."
            if settings.tfserving_address
            else "Check that models/emotion holds a version, or set MODEL_SERVER_BASE_PATH.",
        ),
        Part("migrate", _python("services.recommender", "migrate"), one_shot=True, advice="Check DATABASE_URL."),
        Part(
            "recommender",
            _python("services.recommender"),
            grpc_serves(addresses.recommender),
            after=("redis", "migrate"),
        ),
        Part("emotion", _python("services.emotion"), grpc_serves(addresses.emotion)),
        Part(
            "migrate-gateway",
            _python("services.gateway", "migrate"),
            one_shot=True,
            advice="Check GATEWAY_DATABASE_URL.",
        ),
        Part(
            "gateway",
            _python("services.gateway"),
            http_answers(f"{addresses.gateway_url}/health/ready"),
            after=("migrate-gateway",),
        ),
        # What they compute refines the picks; nobody need wait for it.
        _worker("worker", LIGHT_QUEUE),
        _worker("heavy-worker", HEAVY_QUEUE),
        Part("beat", _python("services.recommender", "beat"), after=("recommender",)),
    )


def _demo_environment() -> dict[str, str]:
    secret = os.environ.get("TOKEN_SECRET")
    token = {"CAPTURE_TOKEN": device_token(secret, DEMO_USER)} if secret else {}
    return {"GATEWAY_DEMO_USER": DEMO_USER, **token}


def _worker(name: str, queue: str) -> Part:
    return Part(name, _python("services.recommender", "worker", "--queue", queue), after=("recommender",))


def _demo(addresses: _Addresses) -> tuple[Part]:
    options = ("--source", "demo", "--fps", "10", "--user", DEMO_USER, "--server", addresses.emotion, "--json")
    return (Part("capture", _python("services.capture", *options), after=("emotion", "gateway")),)


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


def _reachable(host: str) -> str:
    return LOOPBACK if host in _WILDCARDS else host
