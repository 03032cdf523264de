"""The web app is served whole, from here alone, under a strict policy, and is small."""

import gzip
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest

from services.gateway.app import create_app
from services.gateway.pages import DIST, PAGES
from services.gateway.settings import GatewaySettings
from tests.gateway.stand_ins import client_of

MAX_FIRST_LOAD_BYTES = 150_000
SCRIPT = "export const answer = 42;\n" * 100


@pytest.fixture
def web_dir(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-abc.js").write_text(SCRIPT)
    (tmp_path / "index.html").write_text('<script type="module" src="/assets/index-abc.js"></script>')
    return tmp_path


@pytest.fixture
async def browser(settings: GatewaySettings, web_dir: Path) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(create_app(settings.model_copy(update={"web_dir": web_dir}))) as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_a_strict_policy_and_is_asked_for_again(browser: httpx.AsyncClient, path: str):
    response = (await browser.get(path)).raise_for_status()
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["cache-control"] == "no-cache"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["permissions-policy"].startswith("camera=(self)")


async def test_files_named_by_their_content_are_compressed_and_kept(browser: httpx.AsyncClient):
    response = (await browser.get("/assets/index-abc.js")).raise_for_status()
    assert response.text == SCRIPT
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("wish", ["", "bytes=0-1", "bytes=9-1", "lines=1-2"])
@pytest.mark.parametrize("path", ["/", "/assets/index-abc.js"])
async def test_files_come_whole(browser: httpx.AsyncClient, path: str, wish: str):
    whole = (await browser.get(path)).content
    reply = await browser.get(path, headers={"Range": wish})
    assert (reply.status_code, reply.content) == (200, whole)


async def test_a_missing_file_is_a_problem(browser: httpx.AsyncClient):
    response = await browser.get("/assets/nothing.js")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


async def test_without_the_web_app_the_page_says_how_to_build_it_and_the_interface_works(
    settings: GatewaySettings, tmp_path: Path
):
    async with client_of(create_app(settings.model_copy(update={"web_dir": tmp_path / "none"}))) as client:
        page = await client.get("/")
        assert (page.status_code, page.json()["code"]) == (503, "web_app_missing")
        assert "make web" in page.json()["advice"]
        assert (await client.get("/assets/index-abc.js")).status_code == 404
        (await client.get("/v1/kinds")).raise_for_status()


def test_the_web_app_writes_texts_and_never_html():
    sources = [path for path in (DIST.parent / "src").rglob("*.ts*") if path.name != "schema.d.ts"]
    assert len(sources) > 40
    html = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|\beval\(|new Function|javascript:"
    for path in sources:
        assert not re.search(html, path.read_text(), re.IGNORECASE), f"{path.name} could run what a title says"


@pytest.fixture
def built() -> Path:
    if not (DIST / "index.html").is_file():
        pytest.skip("the web app is not built: make web")
    return DIST


def test_the_built_page_names_only_our_own_files(built: Path):
    page = (built / "index.html").read_text()
    named = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert len(named) >= 3
    for address in named:
        assert (built / address.removeprefix("/")).is_file(), f"{address} is not ours"
    assert not re.search(r"<script>|<style|\sstyle=|\son[a-z]+=|javascript:", page)


def test_the_first_load_is_small(built: Path):
    page = (built / "index.html").read_text()
    files = [built / address.removeprefix("/") for address in re.findall(r'(?:src|href)="([^"#]+)"', page)]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < MAX_FIRST_LOAD_BYTES
