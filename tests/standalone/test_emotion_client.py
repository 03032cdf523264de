"""The emotion service's client on our own model server."""

import asyncio

import numpy as np
import pytest

from contracts.emotion import EMOTIONS
from servicekit.background import in_background
from servicekit.grpc_channel import open_channel
from services.emotion.model import EmotionModel

TIMEOUT_S = 30


async def test_the_client_reads_what_the_server_serves(embedded_address: str):
    usable = asyncio.Event()

    async def note(ready: bool) -> None:
        if ready:
            usable.set()

    async with open_channel(embedded_address) as channel:
        client = EmotionModel(channel, embedded_address, timeout_s=TIMEOUT_S, poll_s=0.1, on_change=note)
        async with in_background(client.watch()):
            async with asyncio.timeout(TIMEOUT_S):
                await usable.wait()
            dark, light = await client.predict([np.full((48, 48), level, np.uint8) for level in (0, 255)])
    assert dark.probabilities == pytest.approx([1 / len(EMOTIONS)] * len(EMOTIONS))
    assert list(light.probabilities) == sorted(light.probabilities)
    assert light.uncertain_below == 0.5
