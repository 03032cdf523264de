"""Short real runs against a real stack: what the figures must satisfy, never how good they are."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from benchmarks.experiments import AbuseReport, abuse, curve, soak
from benchmarks.load import Load
from benchmarks.measurement import StreamReport
from benchmarks.pictures import clips
from benchmarks.targets import Target

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

in_one_loop = pytest.mark.asyncio(loop_scope="session")

FPS = 4.0
PICTURES = clips(FPS, 5)


def check(report: dict[str, Any], clients: int) -> None:
    StreamReport.model_validate(report)
    assert report["clients"] == clients
    assert report["offered_fps"] == clients * FPS
    assert 0 < report["processed_fps"] <= report["offered_fps"]
    assert report["dropped_share"] == pytest.approx(1 - report["processed_fps"] / report["offered_fps"], abs=1e-3)
    latency = report["latency_ms"]
    assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"]
    cpu = dict(report["cpu_ms_per_frame"])
    assert cpu.pop("total") == pytest.approx(sum(cpu.values()), abs=0.01)
    assert cpu.keys() == report["rss_mb"].keys()
    assert {"clients", "emotion", "model-server", "redis-server"} <= cpu.keys()
    assert all(start > 1 and end > 1 for start, end in report["rss_mb"].values())


@in_one_loop
async def test_the_command_prints_the_figures_of_a_run(target: Target):
    arguments = ["--server", target.addresses[0], "--clients", "2", "--fps", str(FPS), "--seconds", "2", "--json"]
    command = [sys.executable, "-m", "benchmarks.stream", *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    report = json.loads(output)
    assert list(report) == list(StreamReport.model_fields)
    check(report, 2)


@in_one_loop
async def test_a_curve_has_a_point_for_each_load_and_says_where_it_ends(target: Target):
    report = await curve(target, Load(1, FPS, 1.0, 0.5), PICTURES, steps=(1, 3))
    assert [point.clients for point in report.points[:1]] == [1]
    assert report.points[-1].clients == 3
    for point in report.points:
        check(point.model_dump(exclude={"refused_clients", "statuses"}), point.clients)
        assert point.refused_clients == 0
        assert sum(point.statuses.values()) <= point.clients * FPS
    assert report.largest_clients in {0, *(point.clients for point in report.points)}


@in_one_loop
async def test_a_soak_tells_slopes_for_every_process(target: Target):
    report = await soak(target, Load(2, FPS, 2.0, 0.0), PICTURES)
    check(report.run.model_dump(), 2)
    assert report.rss_mb_per_hour.keys() == report.run.rss_mb.keys()


@in_one_loop
async def test_bad_clients_are_measured_beside_good_ones(target: Target):
    report = await abuse(target, Load(2, FPS, 2.0, 0.5), PICTURES)
    assert list(AbuseReport.model_fields) == ["quiet", "flood", "deaf", "half", "quiet_again"]
    for name in AbuseReport.model_fields:
        check(getattr(report, name).model_dump(), 2)


@in_one_loop
async def test_every_worker_is_measured(target: Target):
    assert len(target.addresses) == 2
    report = await curve(target, Load(1, FPS, 1.0, 0.5), PICTURES, steps=(4,))
    emotion = report.points[0].rss_mb["emotion"]
    assert emotion[0] > 1.5 * 60, "the memory of both workers is counted"


def test_nothing_at_the_server_is_told_with_status_1():
    command = [sys.executable, "-m", "benchmarks.stream", "--server", "127.0.0.1:9", "--clients", "1"]
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert "Nothing listens at 127.0.0.1:9" in result.stderr
