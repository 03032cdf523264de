"""What is in Redis is told in a table: a new key or channel without an entry fails."""

import ast
from collections.abc import Iterator
from pathlib import Path

import contracts.events
from contracts.events import keys_of_person
from tests.contracts.redis_keys import CHANNELS, KEYS

ROOT = Path(__file__).resolve().parents[2]
OURS = "emoverse:v1:"


def literals() -> Iterator[tuple[Path, str]]:
    """Every text of our code that begins like a key of ours."""
    for folder in ("contracts", "servicekit", "services", "standalone"):
        for path in (ROOT / folder).rglob("*.py"):
            if "node_modules" not in path.parts:
                for node in ast.walk(ast.parse(path.read_text())):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(OURS):
                        yield path, node.value


def test_every_key_and_channel_of_the_code_is_in_the_table():
    found = {text: path for path, text in literals()}
    assert len(found) > 10
    for text, path in found.items():
        known = text in CHANNELS or any(text.startswith(prefix) for prefix in KEYS)
        assert known, f"{path.name} uses {text}: say in the table who writes and reads it"
    for prefix in [*KEYS, *CHANNELS]:
        if prefix.startswith(OURS):
            assert any(text.startswith(prefix) for text in found), f"nobody uses {prefix} any more"


def test_what_is_of_a_person_is_deleted_with_them():
    told = {prefix for prefix, key in KEYS.items() if key.of_person}
    assert {key.removesuffix("ada") for key in keys_of_person("ada")} == told
    named = {name: value for name, value in vars(contracts.events).items() if name.endswith("_key")}
    assert len([name for name, value in named.items() if "user_id" in value.__annotations__]) == len(told)
