"""People in front of a running system: each streams the drawn face and uses the HTTP interface."""

import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx
import stamina

from contracts.recommendation import Kind

FPS: Final = 2
REQUEST_TIMEOUT_S: Final = 10.0
EXPORT_WITHIN_S: Final = 120.0
REFUSALS: Final = frozenset({429, 503, 504})
"""Answers that ask to come again."""


def _asks_to_come_again(error: Exception) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in REFUSALS
    return isinstance(error, httpx.TransportError)


class Streamer:
    """One capture client, as a process of its own.

    Args:
        line: what the client is told of the line by its environment, where that is encrypted.

    Attributes:
        readings: how many frames were answered.
        silence_s: the longest time between two answers since `begin_step`.
        last_s: when the last was, of the monotonic clock.
    """

    def __init__(
        self, user_id: str, token: str, server: str, log: Path, line: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        command = [sys.executable, "-m", "services.capture", "--source", "demo", "--json", "--fps", str(FPS)]
        self._log = log.open("w")
        self._process = subprocess.Popen(
            [*command, "--server", server, "--user", user_id],
            env=os.environ | {"CAPTURE_TOKEN": token, **line},
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.readings = 0
        self.silence_s = 0.0
        self.last_s = time.monotonic()
        threading.Thread(target=self._read, daemon=True).start()

    def begin_step(self) -> None:
        """Measure the silence anew."""
        self.silence_s = 0.0
        self.last_s = max(self.last_s, time.monotonic() - 1 / FPS)

    def end_step(self) -> float:
        """The longest silence of the step, one that still lasts included; in s."""
        return max(self.silence_s, time.monotonic() - self.last_s)

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return Path(self._log.name).read_text()[-1000:]

    @property
    def has_failed(self) -> bool:
        """Whether the client gave up."""
        return self._process.poll() is not None

    def close(self) -> None:
        """Stop the client."""
        self._process.terminate()
        self._process.wait(20)
        self._log.close()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            if json.loads(line)["status"] == "dropped":
                continue
            now = time.monotonic()
            self.silence_s = max(self.silence_s, now - self.last_s)
            self.last_s = now
            self.readings += 1


class Person:
    """Somebody who comes as a guest, agrees to be watched, and uses the HTTP interface.

    Args:
        address: where they seem to come from, to a gateway that trusts this machine as its proxy.
        verify: whom they trust, as httpx says it.

    Attributes:
        user_id: the guest's.
        token: of their one device.
        acknowledged: the path of each write that was acknowledged, by its key.
    """

    def __init__(self, gateway_url: str, address: str | None = None, verify: ssl.SSLContext | bool = True) -> None:
        headers = {"X-Forwarded-For": address} if address else {}
        url = f"{gateway_url}/v1"
        self._http = httpx.Client(
            base_url=url, timeout=REQUEST_TIMEOUT_S, trust_env=False, headers=headers, verify=verify
        )
        self.user_id: str = self._ask("POST", "/guests", {})["user_id"]
        self.consent_version: int = self._ask("GET", "/settings")["consent"]["version"]
        self._ask("PUT", "/users/me/consent", {"version": self.consent_version})
        self.token: str = self._ask("POST", "/users/me/devices", {"name": "a camera"})["token"]
        self.acknowledged: dict[str, str] = {}
        self._bodies: dict[str, dict[str, Any]] = {}

    def mood(self) -> str | None:
        """The state of the person's mood; None if there is none."""
        answer = self._http.get("/users/me/mood")
        return answer.json()["mood"]["state"] if answer.is_success else None

    def picks(self, kind: Kind) -> list[dict[str, Any]]:
        """Recommendations of a kind."""
        answer = self._http.get("/users/me/recommendations", params={"kind": kind, "count": 5})
        answer.raise_for_status()
        return answer.json()["picks"]

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None, key: str = "") -> int:
        """Ask for a change; the HTTP status, 0 where there was no answer. What was acknowledged is kept by key."""
        headers = {"Idempotency-Key": key} if key else {}
        try:
            answer = self._http.request(method, path, json=body, headers=headers)
        except httpx.HTTPError:
            return 0
        if key and answer.is_success:
            self.acknowledged[key], self._bodies[key] = path, dict(body or {})
        return answer.status_code

    def like(self, item_id: str, key: str) -> bool:
        """Like an item; whether that was acknowledged."""
        body = {"item_id": item_id, "action": "like"}
        return httpx.codes.is_success(self.send("POST", "/users/me/feedback", body, key))

    def lost_writes(self) -> int:
        """How many acknowledged writes the system does not know any more: it says so of each that is sent again."""
        answers: Iterable[dict[str, Any]] = (
            self._ask("POST", path, self._bodies[key], {"Idempotency-Key": key})
            for key, path in self.acknowledged.items()
        )
        return sum(not answer["duplicate"] for answer in answers)

    @stamina.retry(on=_asks_to_come_again, attempts=None, timeout=EXPORT_WITHIN_S)
    def export(self) -> dict[str, Any]:
        """Everything that is kept of them; a busy system is asked again."""
        return self._ask("GET", "/users/me/export")

    def sees_live_mood(self) -> bool:
        """Whether the live channel tells of a mood at once."""
        with self._http.stream("GET", "/users/me/live") as response:
            response.raise_for_status()
            return any(line == "event: mood" for line, _ in zip(response.iter_lines(), range(200), strict=False))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        answer = self._http.request(method, path, json=body, headers=headers)
        answer.raise_for_status()
        return answer.json()
