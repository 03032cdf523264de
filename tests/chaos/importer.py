"""An operator who has films imported, one after the other, and remembers those whose import was acknowledged."""

import csv
import threading
import time
from collections import Counter
from typing import Any, Final

import httpx
import psycopg

from services.gateway.accounts.opening import add_operator
from services.gateway.settings import GatewaySettings
from tests.chaos.crowd import Crowd
from tests.chaos.writers import RETRY_S
from tests.people import REFUSALS, REQUEST_TIMEOUT_S

NAME: Final = "chaos-operator"
PASSWORD: Final = "correct horse battery staple"
PAUSE_S: Final = 3.0
ORDERED_AGAIN_AFTER_S: Final = 20.0
"""An order is no acknowledgement: Redis may lose the task. Whoever sees nothing come of it orders again."""
DONE_WITHIN_S: Final = 120.0


class Importer:
    """Works until told to finish.

    Args:
        there: whom they work for; with one database for everything.
    """

    def __init__(self, there: Crowd) -> None:
        self._database, self._folder = there.database, there.imports
        add_operator(GatewaySettings(database_url=self._database.url), NAME, PASSWORD)
        url = f"{there.gateway_url}/v1"
        self._http = httpx.Client(base_url=url, timeout=REQUEST_TIMEOUT_S, trust_env=False)
        self._http.post("/session", json={"name": NAME, "password": PASSWORD}).raise_for_status()
        self._acknowledged: list[str] = []
        self._findings: Counter[str] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def finish(self) -> tuple[Counter[str], Counter[str], Counter[str]]:
        """Have them order nothing more, and wait for what they have ordered; returns the same as `Crowd.finish`."""
        self._stop.set()
        self._thread.join(DONE_WITHIN_S + ORDERED_AGAIN_AFTER_S)
        self._http.close()
        return Counter({"import": len(self._acknowledged)}), self._compare(), +self._findings

    def _compare(self) -> Counter[str]:
        with psycopg.connect(self._database.plain_url) as connection:
            rows = connection.execute("select title from item where title = any(%s)", [self._acknowledged]).fetchall()
        stored = Counter(title for (title,) in rows)
        lost = sum(title not in stored for title in self._acknowledged)
        return +Counter(lost=lost, twice=sum(count > 1 for count in stored.values()))

    def _work(self) -> None:
        number = 0
        while not self._stop.wait(PAUSE_S):
            number += 1
            title = f"Chaos Film {number}"
            file = self._folder / f"{number}.csv"
            with file.open("w", newline="") as lines:
                csv.writer(lines).writerows([["title"], [title]])
            if self._until_done(file.name):
                self._acknowledged.append(title)

    def _until_done(self, file: str) -> bool:
        end_s = time.monotonic() + DONE_WITHIN_S
        order = 0
        while time.monotonic() < end_s:
            order += 1
            sent = self._ask("POST", "/operator/imports", f"{file}-{order}", {"kind": "movie", "file": file})
            if sent and self._is_done(sent["task_id"]):
                return True
        self._findings[f"an import was not done within {DONE_WITHIN_S:g} s"] += 1
        return False

    def _is_done(self, task_id: str) -> bool:
        end_s = time.monotonic() + ORDERED_AGAIN_AFTER_S
        while time.monotonic() < end_s:
            tasks: list[dict[str, Any]] = self._ask("GET", "/operator/tasks?count=200") or []
            state = next((task["state"] for task in tasks if task["id"] == task_id), "")
            if state == "done":
                return True
            if state == "failed":
                self._findings["an import failed for good"] += 1
                return False
            time.sleep(RETRY_S)
        return False

    def _ask(self, method: str, path: str, key: str = "", body: dict[str, str] | None = None) -> Any:
        """The answer; None where there is none now."""
        try:
            answer = self._http.request(method, path, json=body, headers={"Idempotency-Key": key} if key else {})
        except httpx.HTTPError:
            return None
        if answer.is_success:
            return answer.json()
        if answer.status_code not in REFUSALS:
            self._findings[f"{method} {path} answered {answer.status_code}"] += 1
        time.sleep(RETRY_S)
        return None
