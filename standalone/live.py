"""Follows a person through the gateway's live channel, as any browser would."""

from collections.abc import AsyncGenerator, AsyncIterable
from typing import Final

import httpx
import stamina
from pydantic import BaseModel, ValidationError

from contracts.mood import MoodState
from contracts.recommendation import Kind, Pick

SILENCE_TIMEOUT_S: Final = 60.0
"""A channel that says nothing for so long, heartbeats included, is opened again."""
CONNECT_TIMEOUT_S: Final = 5.0


class SeenMood(BaseModel):
    """A mood as the gateway tells it."""

    state: MoodState
    confidence: float
    valence: float
    arousal: float


class MoodMessage(BaseModel):
    """The data of a `mood` event."""

    mood: SeenMood


class PicksMessage(BaseModel):
    """The data of a `recommendations` event."""

    picks: dict[Kind, list[Pick]]


Message = MoodMessage | PicksMessage

_MODELS: Final = {"mood": MoodMessage, "recommendations": PicksMessage}


async def follow(gateway_url: str, user_id: str) -> AsyncGenerator[Message]:
    """What happens to a person, for ever: the present state first, then every change.

    A lost channel is opened again with backoff. An event that cannot be read is left out.
    """
    timeout = httpx.Timeout(CONNECT_TIMEOUT_S, read=SILENCE_TIMEOUT_S)
    url = f"{gateway_url}/v1/users/{user_id}/live"
    async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
        async for attempt in stamina.retry_context(
            on=httpx.HTTPError, attempts=None, timeout=None, wait_initial=0.2, wait_max=3.0
        ):
            with attempt:
                async with client.stream("GET", url) as response:
                    response.raise_for_status()
                    async for message in messages(response.aiter_lines()):
                        yield message
                raise httpx.RemoteProtocolError("the channel has ended")


async def messages(lines: AsyncIterable[str]) -> AsyncGenerator[Message]:
    """The events in a text/event-stream (WHATWG HTML, section 9.2) that this module knows."""
    event, data = "", ""
    async for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            event = value
        elif field == "data":
            data += value + "\n"
        elif not line:
            if (message := _read(event, data)) is not None:
                yield message
            event, data = "", ""


def _read(event: str, data: str) -> Message | None:
    model = _MODELS.get(event)
    if model is None:
        return None
    try:
        return model.model_validate_json(data)
    except ValidationError:
        return None
