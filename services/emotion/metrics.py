"""What this worker tells Prometheus."""

import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from servicekit.errors import EmoVerseError
from servicekit.tracing import span
from services.emotion.faces import FaceCrop
from services.emotion.predictions import Prediction
from services.emotion.readings import ReadingStatus

TIMES_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
BATCHES: Final = (1, 2, 4, 8, 16, 32, 64)

Predict = Callable[[Sequence[FaceCrop]], Awaitable[Sequence[Prediction]]]


class Stage(StrEnum):
    """A part of reading a frame."""

    LOOK = "look"
    """Waiting for a thread, decoding, finding and following faces."""
    READ = "read"
    """Waiting for a batch, and the model."""


class EmotionMetrics:
    """Of one worker.

    Args:
        registry: that it is told in.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.received = Counter("emotion_frames_received", "Frames that came in.", registry=registry)
        frames = Counter("emotion_frames", "Frames answered, by status.", ["status"], registry=registry)
        self._frames = {status: frames.labels(status.value.lower()) for status in ReadingStatus}
        self.frame_s = Histogram(
            "emotion_frame_seconds", "From frame received to reading sent.", buckets=TIMES_S, registry=registry
        )
        stages = Histogram("emotion_stage_seconds", "By stage.", ["stage"], buckets=TIMES_S, registry=registry)
        self._stages = {stage: stages.labels(stage.value) for stage in Stage}
        self._batch = Histogram("emotion_batch_faces", "Faces in a batch.", buckets=BATCHES, registry=registry)
        self._model_s = Histogram(
            "emotion_model_seconds", "The model's answer to a batch.", buckets=TIMES_S, registry=registry
        )
        self._model_failures = Counter(
            "emotion_model_failures", "Batches without an answer, by problem.", ["code"], registry=registry
        )
        self.refused = Counter("emotion_streams_refused", "Streams beyond capacity.", registry=registry)
        self._registry = registry

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """Tell what `value` gives whenever it is fetched."""
        Gauge(f"emotion_{name}", what, registry=self._registry).set_function(value)

    def answered(self, status: ReadingStatus) -> None:
        """Count a frame."""
        self._frames[status].inc()

    @contextmanager
    def stage(self, stage: Stage) -> Generator[None]:
        """Time it, and trace it."""
        began_s = time.perf_counter()
        with span(stage.value):
            yield
        self._stages[stage].observe(time.perf_counter() - began_s)

    def timed(self, predict: Predict) -> Predict:
        """The same, told."""

        async def told(faces: Sequence[FaceCrop]) -> Sequence[Prediction]:
            self._batch.observe(len(faces))
            began_s = time.perf_counter()
            try:
                return await predict(faces)
            except EmoVerseError as error:
                self._model_failures.labels(error.code).inc()
                raise
            finally:
                self._model_s.observe(time.perf_counter() - began_s)

        return told
