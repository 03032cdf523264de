"""Every edge of the system, what is put into it, and what counts as an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.file_edges import environments, feed_file, feed_settings, files
from tests.fuzz.grpc_edges import (
    EMOTION,
    RECOMMENDER,
    feed_emotion,
    feed_picture,
    feed_recommender,
    feed_stream,
    raw_requests,
    requests,
    streams,
)
from tests.fuzz.http_edges import WIRE, feed_http, feed_socket, feed_wire, http_paths, http_requests
from tests.fuzz.inputs import TEXT, mangled, pictures
from tests.fuzz.redis_edge import feed_redis, redis_writes
from tests.fuzz.stage import Stage

Feed = Callable[[Stage, Any], None]


@dataclass(frozen=True)
class Edge:
    """A way in."""

    name: str
    share: float
    """Of all inputs."""
    inputs: st.SearchStrategy[Any]
    feed: Feed
    """Puts one in. Raises CrashError, HangError or ServerError."""


def edges() -> list[Edge]:
    """All of them."""
    frames = st.lists(mangled(pictures()) | TEXT | st.binary(max_size=30), max_size=3)
    return [
        Edge("pictures to the emotion service", 0.30, mangled(pictures()), feed_picture),
        Edge("gRPC messages to the emotion service", 0.08, requests(EMOTION) | raw_requests(EMOTION), feed_emotion),
        Edge("gRPC streams to the emotion service", 0.05, streams(), feed_stream),
        Edge("gRPC messages to the recommender", 0.10, requests(RECOMMENDER), feed_recommender),
        Edge("gRPC bytes to the recommender", 0.07, raw_requests(RECOMMENDER), feed_recommender),
        Edge("HTTP requests", 0.15, http_requests(http_paths()), feed_http),
        Edge("bytes on the gateway's port", 0.05, mangled(WIRE), feed_wire),
        Edge("WebSocket frames", 0.02, frames, feed_socket),
        Edge("Redis, written by somebody else", 0.06, redis_writes(), feed_redis),
        Edge("files to import", 0.06, files(), feed_file),
        Edge("settings", 0.06, environments(), feed_settings),
    ]
