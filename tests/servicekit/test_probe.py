import asyncio
import subprocess
import sys

import pytest

from servicekit.grpc_server import create_server, serving


async def probe(address: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "servicekit.probe", address]
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize(("serves", "status", "said"), [(True, 0, ""), (False, 1, "not serving yet")])
async def test_the_exit_status_is_the_health(serves: bool, status: int, said: str):
    server, reporter = await create_server("emoverse.v1.EmotionService")
    async with serving(server, "127.0.0.1:0", "EMOTION_PORT") as port:
        await reporter.set_serving(serves)
        result = await probe(f"127.0.0.1:{port}")
    assert (result.returncode, said in result.stderr) == (status, True)


async def test_nobody_there_is_told_from_not_serving():
    result = await probe("127.0.0.1:1")
    assert result.returncode == 1
    assert "does not answer" in result.stderr
