"""The stack's description is well-formed; running it is the stack test's work."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.tasks import HEAVY_QUEUE, LIGHT_QUEUE
from tests.stack.engine import BASES, MODEL_IMAGE, Stack, compose_command

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
IMPORTERS = ("recommender", "heavy-worker")
"""Who sends files to be imported, and who imports them."""


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


@pytest.mark.parametrize("name", ["SPOTIFY_CLIENT_ID", "GATEWAY_PUBLIC_URL"])
def test_what_spotify_needs_reaches_the_gateway(name: str):
    assert services()["gateway"]["environment"][name] == f"${{{name}:-}}"
    assert f"\n{name}=" in (ROOT / ".env.example").read_text()
    assert name in (ROOT / "deploy" / "k8s" / "base" / "settings.yaml").read_text()


def test_no_secret_has_a_default():
    assert not re.search(r"\$\{\w*(PASSWORD|SECRET|TOKEN|KEY)\w*:?-", COMPOSE.read_text())


def test_every_lock_file_of_the_dockerfile_exists():
    locks = set(re.findall(r"requirements/\w+\.lock", (ROOT / "deploy" / "Dockerfile").read_text()))
    assert locks
    assert all((ROOT / lock).is_file() for lock in locks)


def test_the_stack_test_knows_every_image_that_it_needs():
    used = {service["image"] for service in services().values() if "profiles" not in service and "build" not in service}
    base = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    assert base
    assert {*BASES, MODEL_IMAGE} == used | {base[1]}


def test_each_queue_has_workers_of_its_own():
    commands = [service.get("command", []) for service in services().values()]
    assert sorted(command[1:] for command in commands if command[:1] == ["worker"]) == [
        ["--queue", HEAVY_QUEUE],
        ["--queue", LIGHT_QUEUE],
    ]


def test_a_profile_adds_parts_and_takes_none_away():
    by_profile: dict[str, set[str]] = {}
    for name, service in services().items():
        for profile in service.get("profiles", ()):
            by_profile.setdefault(profile, set()).add(name)
    assert by_profile == {
        "demo": {"demo", "demo-token"},
        "observability": {"prometheus", "grafana", "traces", "redis-exporter", "flower"},
    }


@pytest.mark.parametrize("profile", ["", "demo", "observability"])
def test_compose_itself_understands_the_file(tmp_path: Path, profile: str):
    if compose_command() is None:
        pytest.skip("neither `docker compose` nor docker-compose is installed")
    stack = Stack(tmp_path, {"COMPOSE_PROFILES": profile})
    shown = yaml.safe_load(stack.compose("config"))
    assert "gateway" in shown["services"]


def test_a_volume_that_our_own_parts_write_is_mounted_where_the_image_gives_a_folder_to_its_user():
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    given = set(re.findall(r"install -d -o emoverse (\S+)", dockerfile))
    ours = [service for service in services().values() if str(service["image"]).startswith("emoverse/")]
    mounted = {volume.split(":")[1] for service in ours for volume in service.get("volumes", ())}
    assert mounted
    assert mounted <= given


def import_folders() -> list[Path]:
    """Where the image has files to import, and the rows that were not taken."""
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    return [Path(folder) for folder in re.findall(r"RECOMMENDER_(?:IMPORT|REJECTS)_FOLDER=(\S+)", dockerfile)]


def test_who_sends_files_and_who_imports_them_write_to_one_volume_that_stays():
    mounts = {tuple(services()[name].get("volumes", ())) for name in IMPORTERS}
    ((mount,),) = mounts
    volume, folder = mount.split(":")
    assert volume in yaml.safe_load(COMPOSE.read_text())["volumes"]
    assert len(import_folders()) == 2
    assert all(each.is_relative_to(folder) for each in import_folders())
