"""The stand-in for Spotify beside tests that own no event loop."""

import asyncio
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread

from tests.gateway.spotify_server import FakeSpotify, serving_spotify


@contextmanager
def served_spotify(spotify: FakeSpotify) -> Generator[str]:
    """Serve it from a thread; yields its URL."""
    began: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        async with serving_spotify(spotify) as url:
            stop = asyncio.Event()
            began.set_result((url, asyncio.get_running_loop(), stop))
            await stop.wait()

    thread = Thread(target=asyncio.run, args=[serve()])
    thread.start()
    url, loop, stop = began.result(timeout=30)
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
