"""Short real passes: what the figures must satisfy, never how good they are."""

from pathlib import Path

import pytest

from benchmarks.peers import floor, ours, packages
from benchmarks.peers.__main__ import PeersReport
from benchmarks.peers.frames import FER2013, Frame, labelled_frames
from benchmarks.peers.results import Pass, PeerReport, report
from benchmarks.targets import Target
from contracts.emotion import Emotion
from standalone.settings import model_versions

DRAWN = labelled_frames(7, 2, Path("no-data"))


def check(figures: PeerReport) -> None:
    assert figures.fps > 0
    assert figures.cpu_ms_per_frame > 0
    assert 0 <= figures.found_share <= 1
    assert figures.accuracy is None or 0 <= figures.accuracy <= 1


def test_drawn_frames_are_labelled_as_drawn_and_move():
    assert [frame.label for frame in DRAWN[:4]] == [Emotion.ANGRY, Emotion.ANGRY, Emotion.DISGUST, Emotion.DISGUST]
    assert len({frame.jpeg for frame in DRAWN}) == len(DRAWN)
    assert {frame.fer2013_label for frame in DRAWN} == {None}


@pytest.mark.skipif(not FER2013.is_file(), reason="the FER-2013 data is not here")
def test_photographed_frames_carry_both_labels():
    frames = labelled_frames(20, 1)
    assert len(frames) == 20
    assert all(frame.fer2013_label in Emotion for frame in frames)
    # People who look again agree with the original label more often than not.
    assert sum(frame.label is frame.fer2013_label for frame in frames) > 10


def test_figures_follow_from_a_pass():
    frames = [Frame(b"", Emotion.HAPPY, Emotion.HAPPY), Frame(b"", Emotion.SAD, Emotion.FEAR)] * 2
    result = Pass(wall_s=2.0, cpu_s=0.4, emotions=[Emotion.HAPPY, Emotion.SAD, None, Emotion.FEAR])
    assert report(result, frames) == PeerReport(
        fps=2.0, cpu_ms_per_frame=100.0, found_share=0.75, accuracy=0.667, accuracy_fer2013=0.667
    )


def test_the_floor_finds_and_reads_drawn_faces():
    figures = report(floor.run(DRAWN, model_versions()[-1]), DRAWN)
    check(figures)
    assert figures.found_share == 1
    assert figures.accuracy_fer2013 is None


@pytest.mark.system
@pytest.mark.timeout(300)
@pytest.mark.asyncio(loop_scope="session")
async def test_our_pipeline_reads_every_frame(target: Target):
    result = await ours.run(DRAWN, target, streams=2)
    assert len(result.emotions) == len(DRAWN)
    figures = report(result, DRAWN)
    check(figures)
    assert figures.found_share > 0.5


@pytest.mark.skipif(not (packages.ENVIRONMENTS / "fer").is_dir(), reason="run `python -m benchmarks.peers` once")
def test_the_package_fer_reads_the_frames():
    check(report(packages.run(packages.FER, DRAWN), DRAWN))


def test_the_report_has_the_contenders_by_name():
    assert list(PeersReport.model_fields) == ["frames", "ours", "fer", "deepface", "floor"]
