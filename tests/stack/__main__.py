"""`make stack-test`: bring the stack up as it is, use it, scale it, break it, roll a model, and take it down.

Prints a table: what was done, how long it took, the longest time a capture client had no answer, and client errors.
Exit status: 0 all went well, or there is no engine here; 1 something did not.
"""

import json
import secrets
import shutil
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.console import Console
from rich.table import Table

from contracts.recommendation import Kind
from contracts.tasks import IMPORT_CATALOGUE
from standalone.ports import free_ports
from tests.people import Person, Streamer
from tests.stack.engine import Stack, StackError, engine_problem, wait_for

CLIENTS: Final = 9
"""Workers leave a difference of one stream as it is: of fewer clients a third worker might get none."""
BUILD_TIMEOUT_S: Final = 1800
READY_TIMEOUT_S: Final = 240
RECOVERY_TIMEOUT_S: Final = 90
FILMS: Final = b"title,year\nA Made-up Film,1999\nAnother,soon\n"
"""One that can be imported, and one that cannot."""
PARTS: Final = (
    ("entrance", 50051),
    ("entrance", 8000),
    ("emotion", 50051),
    ("gateway", 8000),
    ("recommender", 50052),
    ("model", 8500),
)
BREAKABLE: Final = ("emotion", "model", "redis", "postgres", "recommender", "gateway")

console = Console(width=160, highlight=False)


@dataclass
class Step:
    """A line of the table."""

    name: str
    seconds: float = 0.0
    silence_s: float | None = None
    errors: int = 0
    remark: str = ""


@dataclass
class Run:
    """What the steps share."""

    stack: Stack
    gateway_port: int
    capture_port: int
    steps: list[Step] = field(default_factory=list)
    streamers: list[Streamer] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)

    @property
    def gateway_url(self) -> str:
        """As a browser calls it."""
        return f"{'https' if self.stack.ca_file else 'http'}://localhost:{self.gateway_port}"

    @property
    def verify(self) -> ssl.SSLContext | bool:
        """As httpx calls whom it trusts."""
        return ssl.create_default_context(cafile=self.stack.ca_file) if self.stack.ca_file else True

    def streamer(self, person: Person, log: Path) -> Streamer:
        """A camera of theirs."""
        ca = self.stack.ca_file
        line = {"CAPTURE_TLS": "true", "CAPTURE_CA_FILE": str(ca)} if ca else {}
        return Streamer(person.user_id, person.token, f"localhost:{self.capture_port}", log, line)

    def answers(self, path: str) -> bool:
        """Whether the gateway answers well."""
        try:
            return httpx.get(self.gateway_url + path, timeout=5, trust_env=False, verify=self.verify).is_success
        except httpx.HTTPError:
            return False

    @contextmanager
    def step(self, name: str) -> Generator[Step]:
        """Measure what is done inside."""
        console.print(f"[dim]{name} ...[/dim]")
        step, start = Step(name), time.monotonic()
        for streamer in self.streamers:
            streamer.begin_step()
        yield step
        step.seconds = time.monotonic() - start
        if self.streamers:
            step.silence_s = max(streamer.end_step() for streamer in self.streamers)
            step.errors = sum(streamer.has_failed for streamer in self.streamers)
        self.steps.append(step)


def main(
    keep: Annotated[bool, typer.Option(help="Leave the stack running at the end.")] = False,
    tls: Annotated[bool, typer.Option(help="With docker-compose.tls.yml.")] = False,
) -> None:
    """Run the test of the compose stack."""
    problem = engine_problem()
    if problem is not None:
        console.print(f"skipped: {problem}")
        return
    gateway_port, capture_port = free_ports(2)
    folder = tempfile.mkdtemp(prefix="emoverse-stack-")
    with ExitStack() as at_end:
        settings = {"GATEWAY_PORT": str(gateway_port), "EMOTION_PORT": str(capture_port)}
        run = Run(Stack(Path(folder), settings, in_tls=tls), gateway_port, capture_port)
        run.stack.compose("down", "-v", "--remove-orphans")
        if not keep:
            at_end.callback(shutil.rmtree, folder)
            at_end.callback(run.stack.compose, "down", "-v", "--remove-orphans")
        failure = ""
        try:
            _all_steps(run)
        except (StackError, AssertionError, httpx.HTTPError) as error:
            failure = f"{run.steps[-1].name if run.steps else 'start'} was the last that went well; then: {error}"
        for streamer in run.streamers:
            if streamer.has_failed:
                console.print("a client gave up:", streamer.last_words, markup=False)
        _close_clients(run)
        if not failure and not keep:
            failure = _take_down(run)
    console.print(_table(run.steps))
    if failure:
        console.print("failed:", failure, markup=False)
    sys.exit(1 if failure or any(step.errors for step in run.steps) else 0)


def _all_steps(run: Run) -> None:
    _build(run)
    _refuse(run)
    _up(run)
    if run.stack.ca_file:
        _look_at_certificates(run)
    _use(run)
    _import(run)
    _scale(run, 3)
    _scale(run, 1)
    for service in BREAKABLE:
        _kill(run, service)
    _roll_model(run)


def _build(run: Run) -> None:
    with run.step("build the images") as step:
        step.remark = run.stack.bring_model_server()
        run.stack.compose("--profile", "demo", "build", timeout_s=BUILD_TIMEOUT_S)
    run.steps[-1].remark += "; MB: " + ", ".join(f"{name} {mb}" for name, mb in run.stack.image_sizes_mb().items())


def _refuse(run: Run) -> None:
    with run.step("a busy port, a missing secret") as step:
        with socket.create_server(("0.0.0.0", run.gateway_port)):  # noqa: S104  (as the stack does)
            busy = run.stack.refusal("up", "-d", "entrance")
        assert "already" in busy, f"a busy port is not named: {busy}"
        secret = run.stack.folder / "deploy" / "secrets" / "token_secret"
        hidden = secret.rename(secret.with_suffix(".away"))
        missing = run.stack.refusal("up", "-d", "--no-deps", "emotion")
        assert secret.name in missing, f"a missing secret is not named: {missing}"
        if secret.is_dir():
            secret.rmdir()
        hidden.rename(secret)
        step.remark = "both named"


def _up(run: Run) -> None:
    with run.step("up, until ready"):
        run.stack.compose("up", "-d", timeout_s=READY_TIMEOUT_S)
        wait_for("the gateway is ready", lambda: run.answers("/health/ready"), READY_TIMEOUT_S)


def _look_at_certificates(run: Run) -> None:
    with run.step("every part shows a certificate") as step:
        script = f"import ssl; [ssl.get_server_certificate(each, timeout=5) for each in {PARTS!r}]"
        run.stack.docker("exec", run.stack.containers("gateway")[0], "python", "-c", script)
        step.remark = ", ".join(f"{name}:{port}" for name, port in PARTS)


def _use(run: Run) -> None:
    with run.step(f"{CLIENTS} clients stream; moods, picks, feedback, live channel") as step:
        for number in range(CLIENTS):
            person = Person(run.gateway_url, verify=run.verify)
            run.people.append(person)
            log = run.stack.folder / f"client-{number}.log"
            run.streamers.append(run.streamer(person, log))
        for person in run.people:
            wait_for(f"{person.user_id} has a mood", person.mood, RECOVERY_TIMEOUT_S)
        first = run.people[0]
        counts = {kind: len(first.picks(kind)) for kind in Kind}
        assert all(counts.values()), f"a kind has no picks: {counts}"
        assert first.like(first.picks(Kind.MUSIC)[0]["item"]["id"], "first"), "a like was not acknowledged"
        assert first.sees_live_mood(), "the live channel told of no mood"
        for streamer in run.streamers:
            streamer.begin_step()
        step.remark = f"{len(counts)} kinds of picks"


def _import(run: Run) -> None:
    with run.step("an operator sends a file and has it imported") as step:
        new = {"name": "root", "password": secrets.token_urlsafe()}
        command = ("python", "-m", "services.gateway", "operator", new["name"], "--password", new["password"])
        run.stack.docker("exec", run.stack.containers("gateway")[0], *command)
        with httpx.Client(
            base_url=run.gateway_url, timeout=RECOVERY_TIMEOUT_S, trust_env=False, verify=run.verify
        ) as root:
            root.post("/v1/session", json=new).raise_for_status()
            root.put("/v1/operator/files/films.csv", content=FILMS).raise_for_status()
            root.post("/v1/operator/imports", json={"kind": "movie", "file": "films.csv"}).raise_for_status()
            wait_for("the file is imported", lambda: _results(root), RECOVERY_TIMEOUT_S)
            (result,) = _results(root)
        assert (result["added"], result["rejected"]) == (1, 1), result
        rejects = run.stack.docker("exec", run.stack.containers("heavy-worker")[0], "cat", result["rejects"])
        step.remark = f"1 film added; {json.loads(rejects)['reason']}"


def _results(operator: httpx.Client) -> list[dict[str, Any]]:
    """Of the imports that have ended."""
    tasks = operator.get("/v1/operator/tasks").raise_for_status().json()
    ended = [task for task in tasks if task["name"] == IMPORT_CATALOGUE and task["state"] in {"done", "failed"}]
    assert not any(task["error"] for task in ended), ended
    return [json.loads(task["result"]) for task in ended]


def _scale(run: Run, workers: int) -> None:
    before = len(run.stack.containers("emotion"))
    with run.step(f"emotion {before} → {workers}") as step:
        run.stack.compose("up", "-d", "--no-recreate", "--scale", f"emotion={workers}", timeout_s=READY_TIMEOUT_S)
        took = wait_for(
            f"{workers} workers have streams", lambda: len(_busy_workers(run)) == workers, RECOVERY_TIMEOUT_S
        )
        _wait_for_answers(run)
        step.remark = f"all {workers} had streams {took:.0f} s after the command: {_busy_workers(run)}"


def _kill(run: Run, service: str) -> None:
    with run.step(f"kill -9 {service}") as step:
        # The process, not the container: that is how a part dies by itself, and its restart policy counts.
        for container in run.stack.containers(service)[:1]:
            run.stack.docker("kill", "--signal", "KILL", container)
            run.stack.docker("start", container)
        acknowledged = sum(_like_something(run, f"{service}-{number}") for number in range(5))
        took = wait_for("everything answers again", lambda: _all_well(run, service), RECOVERY_TIMEOUT_S)
        lost = sum(person.lost_writes() for person in run.people)
        assert not lost, f"{lost} acknowledged writes were lost"
        step.remark = f"well again after {took:.1f} s; {acknowledged} of 5 writes meanwhile acknowledged, none lost"


def _roll_model(run: Run) -> None:
    with run.step("a new model version") as step:
        models = run.stack.folder / "models" / "emotion"
        newest = max(int(path.name) for path in models.iterdir() if path.name.isdecimal())
        # Elsewhere first: the model server must never see half a version.
        shutil.copytree(models / str(newest), models / "incoming")
        (models / "incoming").rename(models / str(newest + 1))
        version = f'"{newest + 1}"'
        took = wait_for("the new version answers", lambda: version in _model_status(run), RECOVERY_TIMEOUT_S)
        _wait_for_answers(run)
        step.remark = f"version {newest + 1} served after {took:.0f} s"


def _take_down(run: Run) -> str:
    with run.step("down, nothing left") as step:
        run.stack.compose("down", "-v", "--remove-orphans")
        left = run.stack.leftovers()
        step.remark = f"{len(left)} left"
    return f"left on the engine: {left}" if left else ""


def _busy_workers(run: Run) -> dict[str, int]:
    """How many streams the entrance has open to each emotion worker that has any."""
    prefix = 'haproxy_server_current_sessions{proxy="emotion",server="'
    lines = run.stack.fetch("http://entrance:8404/metrics").splitlines()
    counts = {line.split('"')[3]: int(float(line.split()[-1])) for line in lines if line.startswith(prefix)}
    return {name: count for name, count in counts.items() if count}


def _model_status(run: Run) -> str:
    script = (
        "import asyncio\n"
        "from contracts.tfserving import tfs\n"
        "from servicekit.grpc_channel import open_channel\n"
        "from servicekit.settings import ServiceSettings\n"
        "async def main():\n"
        "    async with open_channel('model:8500', tls=ServiceSettings().inside) as channel:\n"
        "        request = tfs.get_model_status_pb2.GetModelStatusRequest()\n"
        "        request.model_spec.name = 'emotion'\n"
        "        stub = tfs.model_service_pb2_grpc.ModelServiceStub(channel)\n"
        "        reply = await stub.GetModelStatus(request, timeout=5)\n"
        "        print([str(v.version) for v in reply.model_version_status if v.state == 30])\n"
        "asyncio.run(main())\n"
    )
    container = run.stack.containers("emotion")[0]
    return run.stack.docker("exec", container, "python", "-c", script).replace("'", '"')


def _like_something(run: Run, key: str) -> bool:
    return run.people[0].like("music:marvin-gaye-whats-going-on", key)


def _all_well(run: Run, service: str) -> bool:
    before = [streamer.readings for streamer in run.streamers]
    time.sleep(1)
    flowing = all(streamer.readings > count for streamer, count in zip(run.streamers, before, strict=True))
    try:
        return flowing and _like_something(run, f"{service}-after") and all(person.mood() for person in run.people)
    except httpx.HTTPError:
        return False


def _wait_for_answers(run: Run) -> None:
    before = [streamer.readings for streamer in run.streamers]
    wait_for(
        "every client gets answers",
        lambda: all(s.readings > count + 2 for s, count in zip(run.streamers, before, strict=True)),
        RECOVERY_TIMEOUT_S,
    )


def _close_clients(run: Run) -> None:
    closings: list[Callable[[], None]] = [client.close for client in (*run.streamers, *run.people)]
    for close in closings:
        close()
    run.streamers.clear()


def _table(steps: list[Step]) -> Table:
    table = Table("step", "seconds", "longest silence, s", "client errors", "remark", title="The compose stack")
    for step in steps:
        silence = "" if step.silence_s is None else f"{step.silence_s:.1f}"
        table.add_row(step.name, f"{step.seconds:.0f}", silence, str(step.errors), step.remark)
    return table


if __name__ == "__main__":
    typer.run(main)
