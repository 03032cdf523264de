"""What an operator sees."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.events import MOODS_CHANNEL
from contracts.tasks import HEAVY_QUEUE, LIGHT_QUEUE
from servicekit.pubsub import unavailable
from services.gateway.access import ACCESS_PROBLEMS, operating
from services.gateway.accounts.records import Census
from services.gateway.health import DependencyState, state_of
from services.gateway.problems import READ_PROBLEMS
from services.gateway.watch import Dependency

QUEUES: Final = (LIGHT_QUEUE, HEAVY_QUEUE)

router = APIRouter(
    prefix="/v1/operator",
    tags=["operator"],
    dependencies=[Depends(operating)],
    responses=READ_PROBLEMS | ACCESS_PROBLEMS,
)


class Status(BaseModel):
    """How the system is, as this replica of the gateway sees it."""

    dependencies: dict[Dependency, DependencyState]
    live_channels: Annotated[int, Field(description="Readers of live channels of this replica")]
    capture_channels: Annotated[int, Field(description="Browsers whose camera this replica streams")]
    listening_to_moods: Annotated[int, Field(description="Recommenders and gateways that hear of moods")]
    queues: Annotated[dict[str, int], Field(description="Tasks that wait for a worker, by queue")]
    guests: int
    members: int


@router.get("/status", operation_id="getStatus", summary="How the system is")
async def get_status(request: Request) -> Status:
    """For operators only."""
    state = request.app.state
    errors = await state.watch.check()
    census: Census = await state.offload(state.accounts.census)
    listening, *waiting = await _counts(state.redis)
    return Status(
        dependencies={name: state_of(error) for name, error in errors.items()},
        live_channels=len(state.feed.listeners),
        capture_channels=state.bridges.count,
        listening_to_moods=listening,
        queues=dict(zip(QUEUES, waiting, strict=True)),
        guests=census.guests,
        members=census.members,
    )


async def _counts(redis: Redis) -> list[int]:
    try:
        async with redis.pipeline(transaction=False) as pipe:
            pipe.pubsub_numsub(MOODS_CHANNEL)
            for queue in QUEUES:
                pipe.llen(queue)
            ((_, listening),), *waiting = await pipe.execute()
    except (RedisError, OSError) as error:
        raise unavailable(error) from error
    return [listening, *waiting]
