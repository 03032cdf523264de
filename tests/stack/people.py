"""People in front of the stack: each streams the drawn face through the entrance and uses the HTTP interface."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import httpx

from contracts.recommendation import Kind

FPS: Final = 2


class Streamer:
    """One capture client, as a process of its own.

    Attributes:
        readings: how many frames were answered.
        silence_s: the longest time between two answers since `begin_step`.
    """

    def __init__(self, user_id: str, token: str, server: str, log: Path) -> None:
        command = [sys.executable, "-m", "services.capture", "--source", "demo", "--json", "--fps", str(FPS)]
        self._log = log.open("w")
        self._process = subprocess.Popen(
            [*command, "--server", server, "--user", user_id],
            env=os.environ | {"CAPTURE_TOKEN": token},
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.readings = 0
        self.silence_s = 0.0
        self._last = time.monotonic()
        threading.Thread(target=self._read, daemon=True).start()

    def begin_step(self) -> None:
        """Measure the silence anew."""
        self.silence_s = 0.0
        self._last = max(self._last, time.monotonic() - 1 / FPS)

    def end_step(self) -> float:
        """The longest silence of the step, one that still lasts included; in s."""
        return max(self.silence_s, time.monotonic() - self._last)

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
            self.silence_s = max(self.silence_s, now - self._last)
            self._last = now
            self.readings += 1


class Person:
    """Somebody who comes as a guest, agrees to be watched, and uses the HTTP interface.

    Attributes:
        user_id: the guest's.
        token: of their one device.
    """

    def __init__(self, gateway_url: str) -> None:
        self._http = httpx.Client(base_url=f"{gateway_url}/v1", timeout=10, trust_env=False)
        self.user_id: str = self._ask("POST", "/guests", {})["user_id"]
        version: str = self._ask("GET", "/settings")["consent"]["version"]
        self._ask("PUT", "/users/me/consent", {"version": version})
        self.token: str = self._ask("POST", "/users/me/devices", {"name": "a camera"})["token"]
        self._written: dict[str, dict[str, str]] = {}

    def mood(self) -> str | None:
        """The state of the person's mood; None if there is none."""
        answer = self._http.get("/users/me/mood")
        return answer.json()["mood"]["state"] if answer.is_success else None

    def picks(self, kind: Kind) -> list[dict[str, Any]]:
        """Recommendations of a kind."""
        answer = self._http.get("/users/me/recommendations", params={"kind": kind, "count": 5})
        answer.raise_for_status()
        return answer.json()["picks"]

    def like(self, item_id: str, key: str) -> bool:
        """Like an item; whether that was acknowledged. What was, is remembered for `lost_writes`."""
        try:
            if self._feedback({"item_id": item_id, "action": "like"}, key).is_success:
                self._written[key] = {"item_id": item_id, "action": "like"}
                return True
        except httpx.HTTPError:
            pass
        return False

    def lost_writes(self) -> int:
        """How many acknowledged writes the stack does not know any more: it says so of each that is sent again."""
        return sum(not self._feedback(body, key).json()["duplicate"] for key, body in self._written.items())

    @property
    def writes(self) -> int:
        """How many were acknowledged."""
        return len(self._written)

    def sees_live_mood(self) -> bool:
        """Whether the live channel tells of a mood at once."""
        with self._http.stream("GET", "/users/me/live") as response:
            response.raise_for_status()
            return any(line == "event: mood" for line, _ in zip(response.iter_lines(), range(200), strict=False))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _feedback(self, body: dict[str, str], key: str) -> httpx.Response:
        return self._http.post("/users/me/feedback", json=body, headers={"Idempotency-Key": key})

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
        answer = self._http.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json()
