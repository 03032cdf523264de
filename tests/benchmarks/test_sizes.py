"""The benchmark of picture sizes, as people run it."""

import json

import typer
from typer.testing import CliRunner

from benchmarks import sizes


def test_smaller_pictures_cost_fewer_bytes_and_are_read_as_well():
    app = typer.Typer()
    app.command()(sizes.main)
    result = CliRunner().invoke(app, ["--faces", "7", "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout[result.stdout.index("{") :])
    large, useful = (report["sizes"][f"{size}, quality 90"] for size in ("640x480", "320x240"))
    assert useful["bytes_each"] < 0.6 * large["bytes_each"]
    assert large["found_share"] >= 0.7
    assert useful["found_share"] >= large["found_share"] - 0.3
