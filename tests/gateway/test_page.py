"""The page is served whole, from here alone, and under a strict policy."""

import re
from pathlib import Path

import httpx
import pytest

from services.gateway.app import STATIC

FILES = sorted(path for path in STATIC.iterdir() if path.name != "index.html")


async def test_the_page_has_a_strict_policy(client: httpx.AsyncClient):
    response = (await client.get("/?user=ada")).raise_for_status()
    assert response.headers["content-type"].startswith("text/html")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_everything_the_page_names_is_served(client: httpx.AsyncClient):
    page = (await client.get("/")).text
    named = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert {f"/static/{path.name}" for path in FILES} <= set(named)
    for address in named:
        assert address.startswith("/"), f"{address} is not ours"
        (await client.get(address)).raise_for_status()


@pytest.mark.parametrize("path", [STATIC / "index.html", *FILES], ids=lambda path: path.name)
def test_nothing_is_inline_and_no_text_becomes_markup(path: Path):
    text = path.read_text()
    assert not re.search(r"<script>|<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text)


async def test_a_missing_file_is_a_problem(client: httpx.AsyncClient):
    response = await client.get("/static/nothing.js")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
