"""The page's tables, from figures of every shape there is; the figures themselves are measured elsewhere."""

from benchmarks.experiments import AbuseReport, CurvePoint, CurveReport, SoakReport
from benchmarks.measurement import Percentiles, StreamReport
from benchmarks.peers.results import PeerReport, Skipped
from benchmarks.report import COMMANDS, markdown

RUN = StreamReport(
    clients=50,
    offered_fps=250.0,
    processed_fps=249.0,
    dropped_share=0.004,
    latency_ms=Percentiles(p50=20.0, p95=60.0, p99=90.0),
    cpu_ms_per_frame={"clients": 0.5, "emotion": 2.0, "total": 2.5},
    rss_mb={"clients": [100.0, 100.0], "emotion": [140.0, 141.0]},
)
POINT = CurvePoint(**RUN.model_dump(), refused_clients=3, statuses={"OK": 10})
PEER = PeerReport(fps=10.0, cpu_ms_per_frame=5.0, found_share=0.9, accuracy=0.8, accuracy_fer2013=None)
FIGURES = {
    "stream": RUN,
    "two-workers": RUN,
    "abuse": AbuseReport(**dict.fromkeys(AbuseReport.model_fields, RUN)),
    "curve": CurveReport(points=[POINT], largest_clients=50),
    "soak": SoakReport(
        run=RUN, rss_mb_per_hour={"emotion": 1.5}, latency_ms_per_hour=Percentiles(p50=0.1, p95=0.2, p99=0.3)
    ),
}


def test_every_measurement_has_its_table():
    assert FIGURES.keys() | {"peers"} == COMMANDS.keys()
    for name, figures in FIGURES.items():
        text = markdown(name, figures.model_dump())
        assert "| 250.0 | 249.0 | 0.4% | 20.0 | 60.0 | 90.0 | 2.5 |" in text


def test_what_only_one_of_them_tells_is_there():
    assert "at most 1 % dropped: 50." in markdown("curve", FIGURES["curve"].model_dump())
    assert "| emotion | 1.5 |" in markdown("soak", FIGURES["soak"].model_dump())
    assert "| flood | 250.0" in markdown("abuse", FIGURES["abuse"].model_dump())
    assert "| emotion | 2.0 |" in markdown("stream", FIGURES["stream"].model_dump())


def test_a_peer_that_could_not_take_part_is_named():
    figures = {"frames": 4, "ours": PEER.model_dump(), "deepface": Skipped(skipped="no weights").model_dump()}
    text = markdown("peers", figures)
    assert "| ours | 10.0 | 5.0 | 0.9 | 0.8 | None |" in text
    assert "deepface was skipped: no weights." in text
