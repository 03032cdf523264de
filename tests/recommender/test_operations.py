"""What operators ask of the workers, over real gRPC and a real Redis."""

from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.pb.emoverse.v1.recommender_pb2_grpc import RecommenderServiceStub
from contracts.tasks import HEAVY_QUEUE, IMPORT_CATALOGUE, RECOMPUTE_CLUSTERS
from tests.recommender.conftest import OpenService
from tests.recommender.support import DEADLINE_S
from tests.recommender.test_servicer import failure


async def call(method: Any, request: Any) -> Any:
    return await method(request, timeout=DEADLINE_S)


async def test_clusters_are_asked_for_once_for_a_key(stub: RecommenderServiceStub, redis_url: str):
    first = await call(stub.Recompute, pb.RecomputeRequest(idempotency_key="k"))
    again = await call(stub.Recompute, pb.RecomputeRequest(idempotency_key="k"))
    assert (first.duplicate, again.duplicate, again.task_id) == (False, True, first.task_id)
    (task,) = (await call(stub.ListTasks, pb.ListTasksRequest())).tasks
    assert (task.id, task.name, task.state) == (first.task_id, RECOMPUTE_CLUSTERS, "queued")
    with Redis.from_url(redis_url) as redis:
        assert redis.llen(HEAVY_QUEUE) == 1
    assert (await failure(call(stub.Recompute, pb.RecomputeRequest()))).code == "invalid_idempotency_key"


async def test_a_file_of_the_import_folder_is_sent_to_a_worker(open_recommender: OpenService, tmp_path: Path):
    async with open_recommender(import_folder=tmp_path) as stub:
        await call(stub.ImportFile, pb.ImportFileRequest(kind="music", file="new/songs.csv", idempotency_key="k"))
        (task,) = (await call(stub.ListTasks, pb.ListTasksRequest())).tasks
    assert (task.name, task.arguments) == (IMPORT_CATALOGUE, f"kind=music path={tmp_path}/new/songs.csv")


@pytest.mark.parametrize("file", ["", ".", "../songs.csv", "/etc/passwd", "new/../../songs.csv"])
async def test_nothing_else_is_read(stub: RecommenderServiceStub, file: str):
    request = pb.ImportFileRequest(kind="music", file=file, idempotency_key="k")
    assert (await failure(call(stub.ImportFile, request))).code == "not_in_import_folder"
    assert list((await call(stub.ListTasks, pb.ListTasksRequest())).tasks) == []


async def test_without_workers_none_answers(stub: RecommenderServiceStub):
    assert list((await call(stub.ListWorkers, pb.ListWorkersRequest())).workers) == []
