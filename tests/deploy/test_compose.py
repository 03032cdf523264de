"""The stack's description is well-formed; running it is the stack test's work."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"


def services() -> dict[str, dict[str, Any]]:
    return yaml.safe_load(COMPOSE.read_text())["services"]


def test_the_compose_file_follows_the_compose_schema():
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    result = subprocess.run(check, check=False, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_image_that_is_built_has_its_target_in_the_dockerfile():
    targets = set(re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE))
    built = {service["build"]["target"] for service in services().values() if "build" in service}
    assert built == {"capture", "emotion", "recommender", "gateway"}
    assert built <= targets


def test_every_setting_that_must_be_given_is_in_the_example():
    required = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    offered = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert required == offered


def test_no_secret_has_a_default():
    assert not re.search(r"\$\{\w*(PASSWORD|SECRET|TOKEN|KEY)\w*:?-", COMPOSE.read_text())


def test_every_lock_file_of_the_dockerfile_exists():
    locks = set(re.findall(r"requirements/\w+\.lock", (ROOT / "deploy" / "Dockerfile").read_text()))
    assert locks
    assert all((ROOT / lock).is_file() for lock in locks)
