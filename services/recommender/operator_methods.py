"""The part of the gRPC edge that is for operators."""

import asyncio
from typing import Any

import grpc

from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.pb.emoverse.v1.recommender_pb2_grpc import RecommenderServiceServicer
from contracts.recommendation import Kind
from contracts.tasks import TaskState
from servicekit.grpc_status import errors_as_statuses
from services.recommender import messages, wire
from services.recommender.operations import ImportOrder, Operations
from services.recommender.uploads import Requests

Context = grpc.aio.ServicerContext[Any, Any]


class OperatorMethods(RecommenderServiceServicer):
    """What the workers did, do, and shall do."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    async def ListTasks(self, request: pb.ListTasksRequest, context: Context) -> pb.ListTasksResponse:
        """What became of the workers' tasks."""
        async with errors_as_statuses(context):
            state = wire.parse_choice(TaskState, request.state, "state") if request.state else None
            count = wire.parse_task_count(request.count)
            reports = await asyncio.to_thread(self._operations.tasks, count, state)
            return pb.ListTasksResponse(tasks=map(messages.task_message, reports))

    async def Recompute(self, request: pb.RecomputeRequest, context: Context) -> pb.SentTask:
        """Has the clusters found again."""
        async with errors_as_statuses(context):
            key = wire.parse_key(request.idempotency_key)
            return pb.SentTask(**(await asyncio.to_thread(self._operations.recompute, key))._asdict())

    async def ImportFile(self, request: pb.ImportFileRequest, context: Context) -> pb.SentTask:
        """Has a file imported."""
        async with errors_as_statuses(context):
            kind = wire.parse_choice(Kind, request.kind, "kind")
            order = ImportOrder(kind, request.file, request.format, request.encoding)
            key = wire.parse_key(request.idempotency_key)
            return pb.SentTask(**(await asyncio.to_thread(self._operations.import_file, order, key))._asdict())

    async def UploadImport(  # pyright: ignore[reportIncompatibleMethodOverride]  (the stubs know only generators)
        self, request_iterator: Requests, context: Context
    ) -> None:
        """Takes a file into the import folder."""
        async with errors_as_statuses(context):
            await self._operations.uploads.take(aiter(request_iterator), context.write)

    async def ListWorkers(self, request: pb.ListWorkersRequest, context: Context) -> pb.ListWorkersResponse:
        """Who works."""
        async with errors_as_statuses(context):
            workers = await asyncio.to_thread(self._operations.workers)
            return pb.ListWorkersResponse(workers=[pb.Worker(**each._asdict()) for each in workers])
