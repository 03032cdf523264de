import asyncio
from contextlib import AsyncExitStack

from servicekit.grpc_channel import open_channel
from servicekit.grpc_server import create_server, serving
from servicekit.probe import SERVING, health_of

NAME = "emoverse.v1.EmotionService"


async def test_calls_are_spread_over_every_server():
    async with AsyncExitStack() as stack:
        addresses: list[str] = []
        for serves in (True, False):
            server, reporter = await create_server(NAME)
            addresses.append(f"127.0.0.1:{await stack.enter_async_context(serving(server, '127.0.0.1:0', 'PORT'))}")
            await reporter.set_serving(serves)
        channel = await stack.enter_async_context(open_channel(f"ipv4:{','.join(addresses)}"))
        answers: set[str] = set()
        # Which of them connects first gets every call until the other has connected as well.
        async with asyncio.timeout(10):
            while len(answers) < len(addresses):
                answers.add(await health_of(channel))
    assert answers == {SERVING, "NOT_SERVING"}
