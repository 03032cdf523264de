import asyncio
from contextlib import AsyncExitStack

import grpc
import stamina

from servicekit.grpc_channel import open_channel
from servicekit.grpc_server import create_server, serving
from servicekit.probe import SERVING, health_of
from standalone.ports import free_ports
from tests.servicekit.name_server import name_server

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


async def test_a_server_that_moves_to_another_address_is_found_soon():
    port = free_ports(1)[0]
    async with (
        name_server("127.0.0.1") as (names, dns),
        open_channel(f"dns://127.0.0.1:{dns}/moving.test:{port}") as channel,
    ):
        async with serving((await create_server(NAME))[0], f"127.0.0.1:{port}", "PORT"):
            assert await health_of(channel) == "NOT_SERVING"
        server, reporter = await create_server(NAME)
        await reporter.set_serving(True)
        names.answer = "127.0.0.2"
        async with serving(server, f"127.0.0.2:{port}", "PORT"):
            async for attempt in stamina.retry_context(on=grpc.aio.AioRpcError, attempts=None, timeout=5, wait_max=0.2):
                with attempt:
                    assert await health_of(channel) == SERVING
