"""The benchmark of looking for faces, as people run it."""

import json

import typer
from typer.testing import CliRunner

from benchmarks import faces


def test_turning_the_picture_finds_faces_that_lean():
    app = typer.Typer()
    app.command()(faces.main)
    result = CliRunner().invoke(app, ["--faces", "4", "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    upright, turning = (report["ways"][way]["found_share"] for way in ("upright", "turning the picture"))
    assert turning["45"] >= upright["45"] + 0.5
    assert turning["0"] >= upright["0"]
    assert all(way["cpu_ms"] > 0 for way in report["ways"].values())
