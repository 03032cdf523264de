"""Prometheus and Grafana ask for what our services really tell, and every alert fires when it should."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest
import stamina
import yaml
from prometheus_client.parser import text_string_to_metric_families

from services.emotion.app import open_service as open_emotion
from services.emotion.settings import EmotionSettings
from services.gateway.app import create_app
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from services.recommender.app import open_service as open_recommender
from services.recommender.settings import RecommenderSettings
from standalone.ports import free_ports
from tests.deploy.test_compose import ROOT, services
from tests.servicekit.scraping import fetch

FOLDER = ROOT / "deploy" / "prometheus"
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "emoverse.json").read_text())
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
SCRAPES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]

OF_OTHERS: Final = {
    "up": "Prometheus, of every target",
    "haproxy_backend_response_time_average_seconds": "HAProxy's own exporter",
    "haproxy_backend_http_responses_total": "HAProxy's own exporter",
    "haproxy_server_status": "HAProxy's own exporter",
    "redis_up": "redis_exporter",
    "redis_memory_used_bytes": "redis_exporter",
    "redis_memory_max_bytes": "redis_exporter",
}
"""Metrics of parts that are not ours, and whose they are."""

FIRING: Final[dict[str, tuple[dict[str, str], dict[str, str]]]] = {
    # For each alert: series for which it fires, and series for which it does not.
    "NobodyReadsFrames": (
        {"emotion_frames_received_total": "0+10x80", 'emotion_frames_total{status="ok"}': "0x80"},
        # One camera, before an empty chair.
        {"emotion_frames_received_total": "0+10x80", 'emotion_frames_total{status="ok"}': "5x80"}
        | {'emotion_frames_total{status="no_face"}': "0+9x80"},
    ),
    "StreamsRefused": ({"emotion_streams_refused_total": "0+1x80"}, {"emotion_streams_refused_total": "5x80"}),
    "FramesDropped": (
        {"emotion_frames_received_total": "0+10x80", 'emotion_frames_total{status="dropped"}': "0+1x80"},
        {"emotion_frames_received_total": "0+100x80", 'emotion_frames_total{status="dropped"}': "0+1x80"},
    ),
    "ReadingsSlow": (
        {'emotion_frame_seconds_bucket{le="0.25"}': "0+1x80", 'emotion_frame_seconds_bucket{le="0.5"}': "0+9x80"}
        | {'emotion_frame_seconds_bucket{le="+Inf"}': "0+9x80"},
        {'emotion_frame_seconds_bucket{le="0.25"}': "0+10x80", 'emotion_frame_seconds_bucket{le="+Inf"}': "0+10x80"},
    ),
    "ModelFails": (
        {'emotion_model_failures_total{code="model_loading"}': "0+1x80"},
        {'emotion_model_failures_total{code="model_loading"}': "3x80"},
    ),
    "PartDown": ({'up{job="gateway"}': "0x80"}, {'up{job="gateway"}': "1x80"}),
    "RedisAway": ({"redis_up": "0x80"}, {"redis_up": "1x80"}),
    "RedisNearlyFull": (
        {"redis_memory_used_bytes": "90x80", "redis_memory_max_bytes": "100x80"},
        {"redis_memory_used_bytes": "70x80", "redis_memory_max_bytes": "100x80"},
    ),
    "NoGateway": (
        {'haproxy_server_status{proxy="gateway", state="UP", server="a"}': "0x80"},
        {'haproxy_server_status{proxy="gateway", state="UP", server="a"}': "1x80"},
    ),
    "RequestsFail": (
        {'gateway_requests_total{status="503"}': "0+1x80", 'gateway_requests_total{status="200"}': "0+9x80"},
        {'gateway_requests_total{status="503"}': "0+1x80", 'gateway_requests_total{status="200"}': "0+99x80"},
    ),
    "PicksSlow": (
        {'recommender_list_seconds_bucket{le="1.0"}': "0+1x80", 'recommender_list_seconds_bucket{le="2.5"}': "0+9x80"}
        | {'recommender_list_seconds_bucket{le="+Inf"}': "0+9x80"},
        {'recommender_list_seconds_bucket{le="1.0"}': "0+9x80", 'recommender_list_seconds_bucket{le="+Inf"}': "0+9x80"},
    ),
    "ListsFail": (
        {'recommender_lists_total{outcome="failed"}': "0+1x80"},
        {'recommender_lists_total{outcome="published"}': "0+1x80", 'recommender_lists_total{outcome="failed"}': "4x80"},
    ),
    "TasksFail": (
        {'worker_tasks_total{task="a", outcome="failure"}': "0x40 1x40"},
        {'worker_tasks_total{task="a", outcome="success"}': "0x40 1x40"},
    ),
    "TasksWait": ({'worker_queue_tasks{queue="heavy"}': "101x80"}, {'worker_queue_tasks{queue="heavy"}': "99x80"}),
}


def dashboard_queries() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]


def metrics_in(query: str) -> set[str]:
    """Every name that is no function, label, keyword or text."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|without) \([^)]*\)", "", query)
    return set(re.findall(r"\b[a-zA-Z_:][\w:]*\b(?!\s*\()", bare)) - {"and", "or", "unless"}


def names_of(families: str) -> set[str]:
    """Every name in an answer of /metrics, those that have no sample yet included."""
    suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}
    found = text_string_to_metric_families(families)
    return {family.name + suffix for family in found for suffix in suffixes.get(family.type, ())}


@stamina.retry(on=OSError, attempts=None, timeout=30, wait_max=0.2)
async def told_at(port: int) -> set[str]:
    return names_of(await asyncio.to_thread(fetch, port))


async def test_every_metric_that_is_asked_for_is_told(redis_url: str, tmp_path: Path):
    ports = free_ports(4)
    database_url = f"sqlite:///{tmp_path}/emoverse.db"
    common = {"redis_url": redis_url, "database_url": database_url, "port": 0}
    worker_environment = {
        "REDIS_URL": redis_url,
        "DATABASE_URL": database_url,
        "RECOMMENDER_WORKER_METRICS_PORT": str(ports[3]),
    }
    async with AsyncExitStack() as stack:
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.recommender", "worker", env=worker_environment, stderr=subprocess.DEVNULL
        )
        stack.push_async_callback(worker.wait)
        stack.callback(worker.terminate)
        emotion = EmotionSettings.model_validate({**common, "metrics_port": ports[0]})
        await stack.enter_async_context(open_emotion(emotion))
        recommender = RecommenderSettings.model_validate({**common, "metrics_port": ports[1]})
        await stack.enter_async_context(open_recommender(recommender))
        gateway = GatewaySettings.model_validate({**common, "metrics_port": ports[2]})
        await stack.enter_async_context(serving(create_app(gateway), gateway))
        told = set[str]().union(*[await told_at(port) for port in ports])
    asked = set[str]().union(*map(metrics_in, [*dashboard_queries(), *(rule["expr"] for rule in RULES)]))
    assert asked - told == set(OF_OTHERS)
    scaled_by = yaml.safe_load_all((ROOT / "deploy" / "k8s" / "base" / "emotion.yaml").read_text())
    (scaler,) = (each for each in scaled_by if each["kind"] == "HorizontalPodAutoscaler")
    assert scaler["spec"]["metrics"][0]["pods"]["metric"]["name"] in told


def test_prometheus_scrapes_every_part_that_serves_metrics_where_it_serves_them():
    found = [dns for scrape in SCRAPES for dns in scrape.get("dns_sd_configs", ())]
    ports = {name: dns["port"] for dns in found for name in dns["names"]}
    told = {
        name: port
        for name, service in services().items()
        if "healthcheck" in service  # those that stay
        for key, port in (service.get("environment") or {}).items()
        if key.endswith("METRICS_PORT")
    }
    assert ports == told | {"model": 8501}
    fixed = [each["targets"] for scrape in SCRAPES for each in scrape.get("static_configs", ())]
    fixed = {target.partition(":")[0] for targets in fixed for target in targets}
    assert fixed <= set(services())


def test_the_dashboard_is_whole():
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    provisioned = (ROOT / "deploy" / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text()
    sources = {source["uid"] for source in yaml.safe_load(provisioned)["datasources"]}
    assert {panel["datasource"]["uid"] for panel in panels if panel["type"] != "row"} <= sources


def test_every_alert_says_what_to_do():
    assert {rule["alert"] for rule in RULES} == set(FIRING)
    for rule in RULES:
        assert set(rule["annotations"]) == {"summary", "runbook"}
        assert rule["labels"]["severity"] in ("page", "warn")


def promtool(*arguments: str) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    result = subprocess.run([program, *arguments], check=False, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


def test_prometheus_understands_its_configuration_and_every_query_of_the_dashboard(tmp_path: Path):
    promtool("check", "config", "--syntax-only", str(FOLDER / "prometheus.yml"))
    promtool("check", "rules", str(FOLDER / "alerts.yml"))
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(dashboard_queries())]
    queries = tmp_path / "queries.yml"
    queries.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", str(queries))


def test_every_alert_fires_when_it_should_and_only_then(tmp_path: Path):
    def expectation(alert: str, series: dict[str, str], samples: Iterable[dict[str, Any]]) -> dict[str, Any]:
        query = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})'
        return {
            "interval": "15s",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [{"expr": query, "eval_time": "15m", "exp_samples": list(samples)}],
        }

    once = [{"labels": "{}", "value": 1}]
    tests = [
        expectation(alert, series, samples)
        for alert, (fires, quiet) in FIRING.items()
        for series, samples in ((fires, once), (quiet, []))
    ]
    suite = {"rule_files": [str(FOLDER / "alerts.yml")], "evaluation_interval": "15s", "tests": tests}
    file = tmp_path / "tests.yml"
    file.write_text(yaml.safe_dump(suite))
    promtool("test", "rules", str(file))
