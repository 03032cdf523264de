"""The client of TensorFlow Serving, over real gRPC."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import numpy as np
import pytest

from contracts.emotion import EMOTIONS, Emotion
from servicekit.background import in_background
from servicekit.errors import ConfigurationError, EmoVerseError, UnavailableError
from servicekit.grpc_channel import open_channel
from services.emotion.faces import FaceCrop
from services.emotion.model import BREAK_AFTER, EmotionModel
from standalone.ports import free_ports
from tests.emotion.support import LOADING, FakeModel, always_happy, mostly, serve_model, until

Connect = Callable[[str], Awaitable[EmotionModel]]


def faces(*levels: int) -> list[FaceCrop]:
    return [np.full((48, 48), level, np.uint8) for level in levels]


@pytest.fixture
def health() -> list[bool]:
    """What the client told about the model, in order."""
    return []


@pytest.fixture
async def connect(health: list[bool]) -> AsyncIterator[Connect]:
    """Makes a client that watches the server at an address."""

    async def note(usable: bool) -> None:
        health.append(usable)

    async with AsyncExitStack() as stack:

        async def connected(address: str) -> EmotionModel:
            channel = await stack.enter_async_context(open_channel(address))
            client = EmotionModel(channel, address, timeout_s=5.0, poll_s=0.02, on_change=note)
            await stack.enter_async_context(in_background(client.watch()))
            return client

        yield connected


async def problem_of(client: EmotionModel) -> EmoVerseError:
    with pytest.raises(EmoVerseError) as caught:
        await client.predict(faces(0))
    return caught.value


async def test_each_face_gets_its_own_prediction(
    model: FakeModel, tfserving_address: str, connect: Connect, health: list[bool]
):
    model.answer = lambda images: [mostly(EMOTIONS[int(image.mean())]) for image in images]
    client = await connect(tfserving_address)
    await until(lambda: health == [True])
    predictions = await client.predict(faces(3, 0, 5))
    assert [max(p.probabilities) for p in predictions] == pytest.approx([0.88] * 3)
    assert [p.probabilities.index(max(p.probabilities)) for p in predictions] == [3, 0, 5]
    assert [p.uncertain_below for p in predictions] == pytest.approx([0.45] * 3)
    assert all(sum(p.probabilities) == pytest.approx(1) for p in predictions)


async def test_a_server_that_is_not_there_is_named_and_found_when_it_comes(
    model: FakeModel, connect: Connect, health: list[bool]
):
    port = free_ports(1)[0]
    client = await connect(f"127.0.0.1:{port}")
    problem = await problem_of(client)
    assert isinstance(problem, UnavailableError)
    assert "TFSERVING_ADDRESS" in problem.advice
    async with serve_model(model, port):
        await until(lambda: health == [True])
        assert await client.predict(faces(0))
    await until(lambda: health == [True, False])
    assert (await problem_of(client)).code == "model_unavailable"
    async with serve_model(model, port):
        await until(lambda: health == [True, False, True])


async def test_a_model_that_is_loading_is_waited_for(
    model: FakeModel, tfserving_address: str, connect: Connect, health: list[bool]
):
    available, model.state = model.state, LOADING
    client = await connect(tfserving_address)
    await until_code(client, "model_loading")
    model.state = available
    await until(lambda: health == [True])


async def until_code(client: EmotionModel, code: str) -> EmoVerseError:
    """Wait until predictions fail with a code."""

    async def fails_so() -> bool:
        return (await problem_of(client)).code == code

    await until(fails_so)
    return await problem_of(client)


@pytest.mark.parametrize("labels", [list(reversed(EMOTIONS)), list(EMOTIONS)[:6], []])
async def test_a_model_with_other_labels_is_refused(
    model: FakeModel, tfserving_address: str, connect: Connect, health: list[bool], labels: list[Emotion]
):
    model.labels = labels
    client = await connect(tfserving_address)
    problem = await until_code(client, "model_mismatch")
    assert isinstance(problem, ConfigurationError)
    assert "angry, disgust" in problem.message
    assert not health
    model.labels = tuple(EMOTIONS)
    await until(lambda: health == [True])


async def test_a_new_version_brings_its_own_threshold(
    model: FakeModel, tfserving_address: str, connect: Connect, health: list[bool]
):
    client = await connect(tfserving_address)
    await until(lambda: health == [True])
    model.version, model.uncertain_below = 2, 0.6
    assert (await client.predict(faces(0)))[0].uncertain_below == pytest.approx(0.6)
    assert health == [True]


async def test_a_new_version_with_other_labels_is_never_misread(
    model: FakeModel, tfserving_address: str, connect: Connect, health: list[bool]
):
    client = await connect(tfserving_address)
    await until(lambda: health == [True])
    model.version, model.labels = 2, list(reversed(EMOTIONS))
    assert (await problem_of(client)).code == "model_mismatch"
    await until(lambda: health == [True, False])


@pytest.mark.parametrize("row", [[0.5] * 7, [float("nan")] * 7, [2.0, -1.0, 0, 0, 0, 0, 0], [1.0]])
async def test_nonsense_is_refused(
    model: FakeModel, tfserving_address: str, connect: Connect, health: list[bool], row: list[float]
):
    client = await connect(tfserving_address)
    await until(lambda: health == [True])
    model.answer = lambda images: [row] * len(images)
    assert (await problem_of(client)).code == "model_nonsense"
    await until(lambda: health == [True, False])
    model.answer = always_happy
    await until(lambda: health == [True, False, True])


async def test_after_failures_in_a_row_nobody_waits_until_a_look_went_well(model: FakeModel, tfserving_address: str):
    told: list[bool] = []

    async def note(usable: bool) -> None:
        told.append(usable)

    async with open_channel(tfserving_address) as channel:
        client = EmotionModel(channel, tfserving_address, timeout_s=0.1, poll_s=0.02, on_change=note)
        async with in_background(client.watch()):
            await until(lambda: told == [True])
        model.hold = asyncio.Event()
        for _ in range(BREAK_AFTER):
            assert (await problem_of(client)).code == "model_timeout"
        asked = len(model.batches)
        for _ in range(50):
            assert (await problem_of(client)).code == "model_timeout"
        assert len(model.batches) == asked
        model.hold = None
        async with in_background(client.watch()):

            async def is_back() -> bool:
                try:
                    return len(await client.predict(faces(1))) == 1
                except UnavailableError:
                    return False

            await until(is_back)


async def test_a_failure_now_and_then_keeps_nobody_from_asking(model: FakeModel, tfserving_address: str):
    async def note(_usable: bool) -> None:
        ready.set()

    ready = asyncio.Event()
    async with open_channel(tfserving_address) as channel:
        client = EmotionModel(channel, tfserving_address, timeout_s=0.1, poll_s=0.02, on_change=note)
        async with in_background(client.watch()):
            await ready.wait()
        for _ in range(2 * BREAK_AFTER):
            model.hold = asyncio.Event()
            assert (await problem_of(client)).code == "model_timeout"
            model.hold = None
            assert len(await client.predict(faces(1))) == 1
