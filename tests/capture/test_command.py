import asyncio
import json
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import cv2
import pytest
import typer
from typer.testing import CliRunner

from contracts.emotion import EMOTIONS, Emotion
from servicekit.errors import InvalidInputError
from services.capture.__main__ import main
from services.capture.demo import draw_face
from standalone.settings import ROOT
from tests.capture.conftest import HAPPY, FakeServer

TIMEOUT_S = 60.0


async def start(*arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.capture", *arguments, stdout=PIPE, stderr=PIPE
    )


async def finish(process: Process) -> tuple[int | None, str, str]:
    output, log = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    return process.returncode, output.decode(), log.decode()


async def run(*arguments: str) -> tuple[int | None, str, str]:
    return await finish(await start(*arguments))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for name in ("1.jpg", "2.png"):
        cv2.imwrite(str(tmp_path / name), draw_face(Emotion.HAPPY))
    (tmp_path / "3.jpg").write_text("not a picture")
    return tmp_path


async def test_json_prints_an_object_per_reading_and_the_end_of_a_folder_is_success(server: FakeServer, pictures: Path):
    server.service.answer()
    status, output, log = await run(
        "--source", str(pictures), "--server", server.address, "--user", "ann", "--session", "s1", "--json"
    )
    assert status == 0, log
    first, second, third = (json.loads(line) for line in output.splitlines())
    by_emotion = {emotion.value: probability for emotion, probability in zip(EMOTIONS, HAPPY, strict=True)}
    assert first["sequence"] == 1
    assert first["status"] == "ok"
    assert first["faces"] == [
        {
            "box": {"x": 10, "y": 20, "width": 200, "height": 210},
            "probabilities": by_emotion,
            "valence": 0.6,
            "arousal": 0.4,
            "track_id": 7,
        }
    ]
    assert first["mood"].pop("since")
    assert first["mood"] == {
        "state": "happy",
        "probabilities": by_emotion,
        "valence": 0.6,
        "arousal": 0.4,
        "confidence": 0.85,
    }
    assert (first["valence"], first["arousal"], first["problem"]) == (0.6, 0.4, None)
    assert first["latency_ms"] > 0
    assert second["sequence"] == 2
    assert (third["status"], third["mood"], third["valence"], third["faces"]) == ("bad_image", None, None, [])
    assert third["problem"] == {"code": "image_undecodable", "message": "No picture.", "advice": "Send a JPEG."}
    assert "connected" in log
    assert [(hello.user_id, hello.session_id) for hello in server.service.hellos] == [("ann", "s1")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_demo_with_success(server: FakeServer, number: signal.Signals):
    server.service.answer()
    process = await start("--server", server.address, "--json")
    assert process.stdout
    line = await asyncio.wait_for(process.stdout.readline(), TIMEOUT_S)
    assert json.loads(line)["status"] == "ok"
    process.send_signal(number)
    status, _, log = await finish(process)
    assert status == 0
    assert "Traceback" not in log


async def test_a_reader_that_has_seen_enough_is_no_error(server: FakeServer):
    server.service.answer()
    command = (
        f"{sys.executable} -m services.capture --server {server.address} --json | head -n 2; exit ${{PIPESTATUS[0]}}"
    )
    process = await asyncio.create_subprocess_exec("bash", "-c", command, stdout=PIPE, stderr=PIPE)
    status, output, log = await finish(process)
    assert (status, len(output.splitlines())) == (0, 2)
    assert "Traceback" not in log


async def test_a_full_disk_is_2(pictures: Path):
    command = f"{sys.executable} -m services.capture --source {pictures} --dry-run > /dev/full"
    status, _, log = await finish(await asyncio.create_subprocess_exec("bash", "-c", command, stdout=PIPE, stderr=PIPE))
    assert status == 2
    assert "No space left on device" in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    "arguments",
    [["--user", "no spaces"], ["--server", "nowhere"], ["--fps", "0"], ["--fps", "0.3"], ["--session", ""]],
    ids=["user", "server", "no-fps", "too-few-fps", "session"],
)
def test_wrong_usage_is_2(arguments: list[str]):
    command = typer.Typer()
    command.command()(main)
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert arguments[0] in result.output


async def test_a_source_that_is_not_there_is_3_even_without_a_server(stopped_server: FakeServer):
    status, output, log = await run("--source", "nowhere.mp4", "--server", stopped_server.address, "--json")
    assert (status, output) == (3, "")
    assert "no file or folder nowhere.mp4" in log
    assert "--source demo" in log


async def test_a_refusal_is_4(server: FakeServer):
    server.service.refusal = InvalidInputError("No such user.", "Sign up.")
    status, _, log = await run("--server", server.address)
    assert status == 4
    assert "No such user." in log
    assert "Sign up." in log


async def test_a_server_that_never_answers_is_5(stopped_server: FakeServer):
    status, _, log = await run("--server", stopped_server.address, "--connect-timeout", "0.2")
    assert status == 5
    assert stopped_server.address in log
    assert "Check that" in log


async def test_a_dry_run_shows_what_would_be_sent_without_a_server(pictures: Path):
    status, output, log = await run("--source", str(pictures), "--dry-run", "--json")
    assert status == 0, log
    first, second, third = (json.loads(line) for line in output.splitlines())
    assert first["bytes"] > 1000
    assert (first["sequence"], first["width"], first["height"], first["crops"]) == (1, 640, 480, None)
    assert second["sequence"] == 2
    assert (third["bytes"], third["width"]) == (len("not a picture"), None)


async def test_a_dry_run_goes_on_after_an_empty_file(pictures: Path):
    (pictures / "2.png").write_bytes(b"")
    status, output, log = await run("--source", str(pictures), "--dry-run")
    assert status == 0, log
    assert [line.partition(": ")[2] for line in output.splitlines()[1:]] == [
        "0 bytes, a file that is no picture",
        "13 bytes, a file that is no picture",
    ]


async def test_a_dry_run_of_crops_names_the_faces(pictures: Path):
    status, output, _ = await run("--source", str(pictures), "--dry-run", "--crop")
    assert status == 0
    first, *_, third = output.splitlines()
    assert first.startswith("frame 1: 2,304 bytes, faces: 2")
    assert third == "frame 3: 0 bytes, faces: none"


async def test_with_crop_no_picture_leaves(server: FakeServer, pictures: Path):
    server.service.answer()
    status, output, log = await run("--source", str(pictures), "--server", server.address, "--crop", "--json")
    assert status == 0, log
    assert len(output.splitlines()) == 3
    assert [frame.image for frame in server.service.frames] == [b""] * 3
    assert [len(frame.crops.faces) for frame in server.service.frames] == [1, 1, 0]


async def test_the_token_is_shown_to_this_machine_only(
    server: FakeServer, pictures: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CAPTURE_TOKEN", "s3cret")
    server.service.answer()
    status, _, _ = await run("--source", str(pictures), "--server", server.address, "--json")
    assert (status, server.service.authorization) == (0, "Bearer s3cret")
    status, _, log = await run("--source", str(pictures), "--server", "camera.example:50051")
    assert status == 2
    assert "CAPTURE_TLS=true" in log
    assert "s3cret" not in log


def test_a_device_needs_no_model_runtime_and_no_web_stack():
    forbidden = [
        "tensorflow",
        "keras",
        "fastapi",
        "starlette",
        "uvicorn",
        "redis",
        "sqlalchemy",
        "celery",
        "sklearn",
        "pandas",
    ]
    script = f"import sys, services.capture.__main__; print([name for name in {forbidden} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert loaded.strip() == "[]"
    lock = (ROOT / "requirements" / "capture.lock").read_text()
    assert not [name for name in forbidden if f"\n{name}==" in lock]
