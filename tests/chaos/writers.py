"""People who write all the time, and remember what was acknowledged."""

import random
import threading
import time
from collections import Counter
from typing import Any, Final

import httpx

from tests.people import REFUSALS, Person

PAUSE_S: Final = (0.2, 0.6)
ACKNOWLEDGED_WITHIN_S: Final = 60.0
"""A write is sent again, with its key, until it is acknowledged or so much time has gone."""
RETRY_S: Final = 0.3
ACTIONS: Final = ("like", "dislike", "play", "save", "skip")
TABLES: Final = {"/users/me/feedback": "feedback", "/users/me/reviews": "review"}
"""Where the export keeps what was sent to a path."""


class Writer:
    """Somebody who gives feedback, reviews, agrees and withdraws, and at last signs up.

    Args:
        items: the ids of what they have an opinion on.

    Attributes:
        last_s: when the last write was acknowledged, of the monotonic clock.
        findings: what should not have happened, counted.
    """

    def __init__(self, person: Person, items: list[str], seed: int) -> None:
        self.person = person
        self.last_s = time.monotonic()
        self.findings: Counter[str] = Counter()
        self._items = items
        self._chance = random.Random(seed)
        self._stop = threading.Event()
        self._sent: set[str] = set()
        self._agrees = True
        self._consents = 0
        self._name: str | None = None
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stop.set()

    def finish(self) -> None:
        """Stop writing, and wait for the end of what was begun."""
        self.stop()
        self._thread.join(ACKNOWLEDGED_WITHIN_S + 20)

    def acknowledged(self) -> Counter[str]:
        """How many writes of each kind were."""
        counts = Counter(TABLES[path] for path in self.person.acknowledged.values())
        return counts + Counter(consent=self._consents, account=self._name is not None)

    def compare(self) -> Counter[str]:
        """What is not as it was acknowledged: `lost`, `twice`, or `unsent`, which nobody asked for."""
        kept = self.person.export()
        rows: dict[str, list[dict[str, Any]]] = kept["recommender"]
        wrong: Counter[str] = Counter()
        for path, table in TABLES.items():
            stored = Counter(row["idempotency_key"] for row in rows.get(table, ()))
            expected = [key for key, sent_to in self.person.acknowledged.items() if sent_to == path]
            wrong["lost"] += sum(key not in stored for key in expected)
            wrong["twice"] += sum(count > 1 for count in stored.values())
            wrong["unsent"] += sum(key not in self._sent for key in stored)
        wrong["lost"] += (kept["account"]["consent"] is not None) != self._agrees
        wrong["lost"] += self._name is not None and kept["account"]["name"] != self._name
        return +wrong

    def _write(self) -> None:
        number = 0
        while not self._stop.wait(self._chance.uniform(*PAUSE_S)):
            number += 1
            self._one(f"w{number}")

    def _one(self, key: str) -> None:
        item = self._chance.choice(self._items)
        match self._chance.random():
            case share if share < 0.7:
                body = {"item_id": item, "action": self._chance.choice(ACTIONS)}
                self._until_acknowledged("POST", "/users/me/feedback", body, key)
            case share if share < 0.85:
                body = {"item_id": item, "text": f"Number {key} of what I think of it: good."}
                self._until_acknowledged("POST", "/users/me/reviews", body, key)
            case share if share < 0.99 or self._name:
                self._change_consent()
            case _:
                self._sign_up()

    def _change_consent(self) -> None:
        method, body = ("DELETE", None) if self._agrees else ("PUT", {"version": self.person.consent_version})
        if self._until_acknowledged(method, "/users/me/consent", body):
            self._agrees = not self._agrees
            self._consents += 1

    def _sign_up(self) -> None:
        name = f"chaos-{self.person.user_id[-12:]}"
        login = {"name": name, "password": "correct horse battery staple"}
        if self._until_acknowledged("PUT", "/users/me/login", login):
            self._name = name

    def _until_acknowledged(self, method: str, path: str, body: dict[str, Any] | None, key: str = "") -> bool:
        self._sent.add(key)
        end_s = time.monotonic() + ACKNOWLEDGED_WITHIN_S
        while time.monotonic() < end_s:
            status = self.person.send(method, path, body, key)
            if httpx.codes.is_success(status):
                self.last_s = time.monotonic()
                return True
            # Every other failure is a finding.
            if status and status not in REFUSALS:
                self.findings[f"{method} {path} answered {status}"] += 1
                return False
            time.sleep(RETRY_S)
        self.findings[f"{method} {path} was not acknowledged within {ACKNOWLEDGED_WITHIN_S:g} s"] += 1
        return False
