"""The benchmark of moods, as people run it."""

import json

from typer.testing import CliRunner

from benchmarks import flips


def test_a_mood_flips_far_less_than_its_frames_and_is_wrong_less_often():
    app = flips.typer.Typer()
    app.command()(flips.main)
    result = CliRunner().invoke(app, ["--people", "3", "--minutes", "3", "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["frames"]["flips_per_minute"] > 20 * report["mood"]["flips_per_minute"]
    assert (
        report["averaged"]["flips_per_minute"]
        > report["mood"]["flips_per_minute"]
        >= 0.5 * report["changes_per_minute"]
    )
    assert report["mood"]["wrong_share"] < 0.5 * report["frames"]["wrong_share"]
    sad_looking = report["by_person_sad_at_rest"]
    assert sad_looking["mood"]["sad_while_neutral_share"] < 0.5 * sad_looking["averaged"]["sad_while_neutral_share"]
