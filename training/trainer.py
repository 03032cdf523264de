"""One training run: its network, optimiser and averaged weights, epoch by epoch."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from contracts.model import FACE_SIZE_PX
from training.augment import resize
from training.backend import BACKEND, make_deterministic, value_of
from training.batches import ahead, draw_batches
from training.calibrate import fit_scaling
from training.checkpoint import Arrays, Checkpoint, require_same_faces
from training.config import TrainingConfig
from training.dataset import FaceDataset, Floats, digest
from training.errors import CheckpointError
from training.metrics import log_likelihood, score
from training.networks import build_network
from training.optimizer import make_optimizer
from training.schedule import cosine_with_warmup
from training.teacher import Teachers

_PREDICTION_BATCH = 256
_AVERAGE_EVERY_STEPS = 4
"""Of a thousand steps in the average, leaving out three of four changes nothing but the time it takes."""


class Trainer:
    """Holds the state of a run. All chance comes from the configuration's seed and the epoch, so that a run that was
    interrupted and resumed from its last checkpoint ends with the same weights as one that was not.

    Args:
        config: what to train, and how.
        train: to learn from.
        selection: to choose the epoch by.
        teachers: to learn from besides, as the configuration's share says.
    """

    def __init__(
        self, config: TrainingConfig, train: FaceDataset, selection: FaceDataset, teachers: Teachers | None = None
    ) -> None:
        make_deterministic(config.seed)
        self.config = config
        self.init = ""
        self.overlaps = False
        self.epoch = 0
        self.best_score = -np.inf
        self.faces = digest(train, selection)
        self._train = train
        self._selection = selection
        self._teachers = teachers
        self.steps_per_epoch = len(train) // min(config.batch_size, len(train))
        self.network = build_network(config.network, config.precision)
        self._compiled_side_px = 0
        self._optimizer = _compile(self.network, config)
        self._average = [_copy(weight) for weight in self.network.weights]
        self._best = _values(self._average)

    def run_epoch(self, on_step: Callable[[], None]) -> Mapping[str, float]:
        """Train one epoch, score the averaged weights on the selection split, and keep them if they are the best yet.

        Returns:
            the mean training loss, the learning rate of the last step and the selection scores, by name.
        """
        if self._side_px() != self._compiled_side_px:
            # Keras would otherwise go on with a function for any size, whose sums differ in the last bit from those of
            # a resumed run's function for this size.
            self.network.make_train_function(force=True)
            self._compiled_side_px = self._side_px()
        rng = np.random.default_rng((self.config.seed, self.epoch))
        ask = self._teachers.say if self._teachers else None
        batches = draw_batches(self._train, self.config, self._side_px(), self.steps_per_epoch, rng, ask)
        losses: list[float] = []
        for step, (faces, targets, weights) in enumerate(ahead(batches)):
            self._optimizer.learning_rate = self._learning_rate(step)
            losses.append(self.network.train_on_batch(faces, targets, weights, return_dict=True)["loss"])
            self._update_average(self.epoch * self.steps_per_epoch + step)
            on_step()
        learning_rate = self._learning_rate(self.steps_per_epoch - 1)
        self.epoch += 1
        scores = self._score_average()
        if scores["score"] > self.best_score:
            self.best_score = scores["score"]
            self._best = _values(self._average)
        return {"loss": float(np.mean(losses)), "learning_rate": learning_rate, **scores}

    def begin_from(self, weights: Arrays, init: str, *, overlaps: bool = False) -> None:
        """Start from other weights than chance: one array for each of `network.weights`, of its shape.

        Args:
            weights: to start from.
            init: tells where they came from, for the record.
            overlaps: as in `Checkpoint`.
        """
        self.init = init
        self.overlaps = overlaps
        _assign(self.network.weights, weights)
        _assign(self._average, weights)
        self._best = _values(self._average)

    def checkpoint(self) -> Checkpoint:
        """The state between two epochs."""
        return Checkpoint(
            config=self.config.model_dump_json(),
            init=self.init,
            teachers=self._described_teachers,
            faces=self.faces,
            overlaps=self.overlaps,
            epoch=self.epoch,
            best_score=self.best_score,
            network=_values(self.network.variables),
            optimizer=_values(self._optimizer.variables),
            average=_values(self._average),
            best=self._best,
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint`.

        Raises:
            CheckpointError: it is of a run with other teachers, or, as far as it tells, with other faces.
        """
        require_same_faces(checkpoint, self.faces)
        if checkpoint.teachers != self._described_teachers:
            raise CheckpointError(
                f"The run's teachers were {checkpoint.teachers or 'none'}, not {self._described_teachers or 'none'}.",
                "Give the teachers that it was begun with, or set TRAINING_RUNS_DIR to start afresh.",
            )
        self.init, self.overlaps = checkpoint.init, checkpoint.overlaps
        self.epoch, self.best_score = checkpoint.epoch, checkpoint.best_score
        _assign(self.network.variables, checkpoint.network)
        _assign(self._optimizer.variables, checkpoint.optimizer)
        _assign(self._average, checkpoint.average)
        self._best = checkpoint.best

    @property
    def _described_teachers(self) -> str:
        return self._teachers.described if self._teachers else ""

    def _side_px(self) -> int:
        return self.config.side_px[max(first for first in self.config.side_px if first <= self.epoch)]

    def _learning_rate(self, step: int) -> float:
        return cosine_with_warmup(
            self.epoch * self.steps_per_epoch + step,
            total_steps=self.config.epochs * self.steps_per_epoch,
            warmup_steps=self.config.warmup_epochs * self.steps_per_epoch,
            peak=self.config.learning_rate,
            hold=self.config.hold,
        )

    def _update_average(self, step: int) -> None:
        if step % _AVERAGE_EVERY_STEPS:
            return
        # A fixed decay would keep the random start in the average for long; this rises to it from near 0.
        decay = min(self.config.average_decay, (1 + step) / (10 + step)) ** _AVERAGE_EVERY_STEPS
        for average, variable in zip(self._average, self.network.weights, strict=True):
            value: Any = ops.stop_gradient(variable.value)
            average.assign(decay * average.value + (1 - decay) * value)

    def _score_average(self) -> Mapping[str, float]:
        trained = _values(self.network.weights)
        _assign(self.network.weights, _values(self._average))
        ferplus, fer2013 = predict_logits(self.network, self._selection)
        _assign(self.network.weights, trained)
        known = self._selection.ferplus_label >= 0
        heads = ((ferplus[known], self._selection.ferplus_label[known]), (fer2013, self._selection.fer2013_label))
        # Scaled as they will be when exported: an epoch is not better for being less sure of itself.
        scaled = [(fit_scaling(*head).probabilities(head[0]), head[1]) for head in heads]
        scores, original = (score(*head) for head in scaled)
        likelihood, original_likelihood = (log_likelihood(*head) for head in scaled)
        return {
            "ferplus_accuracy": scores.accuracy,
            "ferplus_macro_f1": scores.macro_f1,
            "fer2013_accuracy": original.accuracy,
            "score": likelihood + self.config.fer2013_weight * original_likelihood,
        }


def predict_logits(network: keras.Model, dataset: FaceDataset) -> tuple[Floats, Floats]:
    """Both heads' logits of every face at full size: float32, (n, 7) each."""
    starts = range(0, len(dataset), _PREDICTION_BATCH)
    chunks = [resize(dataset.images[start : start + _PREDICTION_BATCH], FACE_SIZE_PX) for start in starts]
    outputs = [network.predict_on_batch(chunk) for chunk in chunks]
    return np.concatenate([first for first, _ in outputs]), np.concatenate([second for _, second in outputs])


def _compile(network: keras.Model, config: TrainingConfig) -> Any:
    optimizer = make_optimizer(config)
    loss = keras.losses.CategoricalCrossentropy
    untyped: Any = network
    untyped.compile(
        optimizer,
        loss=[loss(from_logits=True), loss(from_logits=True, label_smoothing=config.label_smoothing)],
        loss_weights=[1.0, config.fer2013_weight],
        # On a CPU, TensorFlow's own convolutions outran XLA's: 0.72 against 0.98 s a step of the residual network.
        jit_compile=BACKEND == "jax",
    )
    optimizer.build(network.trainable_variables)
    return optimizer


def _copy(variable: Any) -> Any:
    return keras.Variable(value_of(variable), trainable=False, dtype=variable.dtype)


def _values(variables: list[Any]) -> Arrays:
    return [value_of(variable) for variable in variables]


def _assign(variables: list[Any], values: Arrays) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
