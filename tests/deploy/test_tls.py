"""The compose stack in TLS: the overlay fits, and a real HAProxy with its lines lets in whom it should."""

import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import grpc
import httpx
import pytest
import stamina
import yaml

from servicekit.database import Database, open_engine
from servicekit.grpc_channel import open_channel
from servicekit.grpc_server import create_server, serving
from servicekit.migration import migrate
from servicekit.probe import SERVING, health_of
from servicekit.tls import Tls
from services.gateway.accounts.schema import MIGRATIONS
from services.gateway.app import create_app
from services.gateway.server import serving as serving_http
from services.gateway.settings import GatewaySettings
from standalone.ports import free_ports
from tests.deploy.entrance import entrance_before, haproxy
from tests.deploy.test_compose import ROOT, services
from tests.stack.engine import Stack, compose_command

OVERLAY = ROOT / "docker-compose.tls.yml"
MOUNTED = "/run/secrets/"


def overlay() -> dict[str, dict[str, Any]]:
    return yaml.safe_load(OVERLAY.read_text())["services"]


@pytest.fixture
def make_certificates() -> Generator[Path]:
    """The script, in a folder where somebody may write who is not root."""
    with TemporaryDirectory() as folder:
        shutil.copy2(ROOT / "deploy" / "certificates.sh", folder)
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        yield Path(folder) / "certificates.sh"


def made(script: Path) -> Path:
    """What an operator makes with it."""
    user = "nobody" if os.geteuid() == 0 else None
    subprocess.run([script, "emoverse.test"], check=True, capture_output=True, timeout=30, user=user)
    return script.with_name("certificates")


@pytest.fixture
def certificates(make_certificates: Path) -> Path:
    return made(make_certificates)


def test_a_certificate_that_was_taken_away_is_made_anew_and_told_the_model_servers(make_certificates: Path):
    folder = made(make_certificates)
    before = (folder / "model_ssl").read_text()
    (folder / "inside.pem").unlink()
    assert (made(make_certificates) / "model_ssl").read_text() != before


def test_the_overlay_follows_the_compose_schema_and_adds_to_parts_that_there_are():
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(OVERLAY)]
    subprocess.run(check, check=True, capture_output=True, timeout=60)
    assert overlay().keys() <= services().keys()
    assert overlay()["model"]["command"][:-1] == services()["model"]["command"]


def test_every_file_that_the_overlay_names_is_made(certificates: Path):
    named = {Path(each["file"]).name for each in yaml.safe_load(OVERLAY.read_text())["secrets"].values()}
    assert named <= {file.name for file in certificates.iterdir()}
    for part in overlay().values():
        told = f"{part.get('environment', '')} {part.get('command', '')}"
        assert all(name in part.get("secrets", ()) for name in named if f"{MOUNTED}{name}'" in told)


def test_compose_itself_understands_the_overlay(tmp_path: Path):
    if compose_command() is None:
        pytest.skip("neither `docker compose` nor docker-compose is installed")
    gateway = yaml.safe_load(Stack(tmp_path, {}, in_tls=True).compose("config"))["services"]["gateway"]
    assert gateway["environment"].items() >= {"TLS_CA_FILE": "/run/secrets/ca.pem", "LOG_FORMAT": "json"}.items()


@pytest.mark.parametrize("described", [services, overlay])
def test_haproxy_understands_its_lines(described: Callable[[], dict[str, dict[str, Any]]], certificates: Path):
    told = lines(described(), certificates)
    config = ROOT / "deploy" / "haproxy" / "haproxy.cfg"
    check = [haproxy(), "-c", "-f", str(config)]
    result = subprocess.run(check, env=told, check=False, capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    assert set(re.findall(r"\$\{(\w+)", config.read_text())) == told.keys()


def lines(described: dict[str, dict[str, Any]], certificates: Path) -> dict[str, str]:
    """What the entrance is told, with the certificates where they are here."""
    given: dict[str, str] = described["entrance"]["environment"]
    return {name: line.replace(MOUNTED, f"{certificates}/") for name, line in given.items()}


class Entrance(NamedTuple):
    cameras: str
    browsers: str
    figures: str
    ours: Tls


@pytest.fixture
async def entrance(certificates: Path, redis_url: str, tmp_path: Path) -> AsyncGenerator[Entrance]:
    """HAProxy with the overlay's lines, before a gateway whose recommender is away, and a worker that asks for a
    certificate of ours."""
    ours = Tls(*(certificates / name for name in ("ca.pem", "inside.pem", "inside.pem.key")))
    (nowhere,) = free_ports(1)
    async with AsyncExitStack() as stack:
        server, reporter = await create_server("emoverse.v1.EmotionService")
        await reporter.set_serving(True)
        worker = await stack.enter_async_context(serving(server, "127.0.0.1:0", "PORT", ours))
        settings = GatewaySettings(
            port=0,
            tls_certificate=ours.certificate_file,
            tls_key=ours.key_file,
            redis_url=redis_url,
            database_url=f"sqlite:///{tmp_path}/gateway.db",
            recommender_address=f"127.0.0.1:{nowhere}",
        )
        engine = open_engine(settings.database_url)
        migrate(Database(engine), MIGRATIONS)
        engine.dispose()
        gateway = await stack.enter_async_context(serving_http(create_app(settings), settings))
        told = lines(overlay(), certificates)
        ports = await stack.enter_async_context(entrance_before([gateway], [worker], told, tmp_path))
        figures = f"http://localhost:{ports.status}/metrics"
        yield Entrance(f"localhost:{ports.cameras}", f"https://localhost:{ports.browsers}", figures, ours)


@stamina.retry(on=grpc.aio.AioRpcError, attempts=None, timeout=10, wait_initial=0.05, wait_max=0.2)
async def health(address: str, name: str, tls: Tls) -> str:
    async with open_channel(address, (("grpc.ssl_target_name_override", name),), tls) as channel:
        return await health_of(channel)


async def test_cameras_and_the_gateway_reach_a_worker_and_each_sees_the_certificate_meant_for_it(entrance: Entrance):
    camera = Tls(entrance.ours.ca_file)
    assert await health(entrance.cameras, "emoverse.test", camera) == SERVING
    assert await health(entrance.cameras, "entrance", entrance.ours) == SERVING
    with pytest.raises(grpc.aio.AioRpcError):
        async with open_channel(entrance.cameras) as in_plain:
            await health_of(in_plain)


@stamina.retry(on=httpx.HTTPError, attempts=None, timeout=30, wait_initial=0.1, wait_max=0.5)
async def begun(entrance: Entrance) -> httpx.Response:
    trusted = ssl.create_default_context(cafile=entrance.ours.ca_file)
    async with httpx.AsyncClient(verify=trusted, trust_env=False, timeout=10) as browser:
        asked = f"{entrance.browsers}/v1/guests"
        return (await browser.post(asked, extensions={"sni_hostname": "emoverse.test"})).raise_for_status()


@stamina.retry(on=(httpx.HTTPError, AssertionError), attempts=None, timeout=30, wait_initial=0.1, wait_max=0.5)
async def found_well(entrance: Entrance) -> None:
    """Until the entrance has looked after the gateway; before it takes it for well."""
    async with httpx.AsyncClient(trust_env=False) as prometheus:
        told = (await prometheus.get(entrance.figures)).text
    assert 'haproxy_server_check_status{proxy="gateway",server="gateway-1",state="L7OK"} 1' in told


async def test_a_browser_reaches_the_gateway_whatever_that_lacks_and_it_knows_of_the_encryption(entrance: Entrance):
    await found_well(entrance)
    assert "Secure" in (await begun(entrance)).headers["set-cookie"]
