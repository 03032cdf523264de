"""People with sessions of their own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

PASSWORD = "correct horse battery"


def browser(app: FastAPI) -> httpx.AsyncClient:
    """A browser that has never been here."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Sec-Fetch-Site": "same-origin"}
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)


@asynccontextmanager
async def guest(app: FastAPI, *, agrees: bool = False) -> AsyncGenerator[tuple[httpx.AsyncClient, str]]:
    """Somebody who has begun as a guest; yields their browser and their id."""
    async with browser(app) as client:
        me = (await client.post("/v1/guests")).raise_for_status().json()
        if agrees:
            (await client.put("/v1/users/me/consent", json={"version": 1})).raise_for_status()
        yield client, me["user_id"]


def code_of(response: httpx.Response, status: int) -> str:
    """The code of the problem that this response is."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["advice"]
    return body["code"]
