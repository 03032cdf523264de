"""One training run: its network, optimiser and averaged weights, epoch by epoch."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from contracts.emotion import EMOTIONS
from contracts.model import FACE_SIZE_PX
from training.augment import augment, resize
from training.checkpoint import Arrays, Checkpoint
from training.config import TrainingConfig
from training.dataset import FaceDataset, Floats
from training.metrics import score
from training.networks import build_network
from training.schedule import cosine_with_warmup

_PREDICTION_BATCH = 256
_AVERAGE_EVERY_STEPS = 4
"""The average lives in host memory; fetching the weights for it at every step would cost more than it tells."""


class Trainer:
    """Holds the state of a run. All chance comes from the configuration's seed and the epoch, so that a run that was
    interrupted and resumed from its last checkpoint ends with the same weights as one that was not.
    """

    def __init__(self, config: TrainingConfig, train: FaceDataset, selection: FaceDataset) -> None:
        keras.utils.set_random_seed(config.seed)
        # Otherwise sums over a batch depend on which thread comes first; on a CPU it costs no time.
        tf.config.experimental.enable_op_determinism()
        self.config = config
        self.epoch = 0
        self.best_score = -1.0
        self._train = train
        self._selection = selection
        self._batch_size = min(config.batch_size, len(train))
        self.steps_per_epoch = len(train) // self._batch_size
        self.network = build_network(config.network)
        self._compiled_side_px = 0
        self._optimizer = _compile(self.network, config)
        self._average = _values(self.network.weights)
        self._best = [value.copy() for value in self._average]

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
        losses: list[float] = []
        for step, (faces, targets, weights) in enumerate(self._batches()):
            self._optimizer.learning_rate = self._learning_rate(step)
            losses.append(self.network.train_on_batch(faces, targets, weights, return_dict=True)["loss"])
            self._update_average(self.epoch * self.steps_per_epoch + step)
            on_step()
        self.epoch += 1
        scores = self._score_average()
        if scores["score"] > self.best_score:
            self.best_score = scores["score"]
            self._best = [value.copy() for value in self._average]
        return {"loss": float(np.mean(losses)), "learning_rate": self._learning_rate(-1), **scores}

    def best_network(self) -> keras.Model:
        """The network with the averaged weights of the best epoch; training cannot go on afterwards."""
        _assign(self.network.weights, self._best)
        return self.network

    def checkpoint(self) -> Checkpoint:
        """The state between two epochs."""
        return Checkpoint(
            config=self.config.model_dump_json(),
            epoch=self.epoch,
            best_score=self.best_score,
            network=_values(self.network.variables),
            optimizer=_values(self._optimizer.variables),
            average=self._average,
            best=self._best,
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint`."""
        self.epoch, self.best_score = checkpoint.epoch, checkpoint.best_score
        _assign(self.network.variables, checkpoint.network)
        _assign(self._optimizer.variables, checkpoint.optimizer)
        self._average, self._best = checkpoint.average, checkpoint.best

    def _batches(self) -> Iterator[tuple[Floats, list[Floats], list[Floats]]]:
        rng = np.random.default_rng((self.config.seed, self.epoch))
        rows = rng.permutation(len(self._train))[: self.steps_per_epoch * self._batch_size]
        ferplus, share = self._train.ferplus_distribution, self._train.ferplus_share
        fer2013 = np.eye(len(EMOTIONS), dtype=np.float32)[self._train.fer2013_label]
        for batch in rows.reshape(self.steps_per_epoch, self._batch_size):
            faces = augment(self._train.images[batch], self._side_px(), self.config.augmentation, rng)
            ones = np.ones(self._batch_size, dtype=np.float32)
            yield faces, [ferplus[batch], fer2013[batch]], [share[batch], ones]

    def _side_px(self) -> int:
        return self.config.side_px[max(first for first in self.config.side_px if first <= self.epoch)]

    def _learning_rate(self, step: int) -> float:
        return cosine_with_warmup(
            self.epoch * self.steps_per_epoch + step,
            total_steps=self.config.epochs * self.steps_per_epoch,
            warmup_steps=self.config.warmup_epochs * self.steps_per_epoch,
            peak=self.config.learning_rate,
        )

    def _update_average(self, step: int) -> None:
        if step % _AVERAGE_EVERY_STEPS:
            return
        # A fixed decay would keep the random start in the average for long; this rises to it from near 0.
        decay = min(self.config.average_decay, (1 + step) / (10 + step)) ** _AVERAGE_EVERY_STEPS
        for average, variable in zip(self._average, self.network.weights, strict=True):
            average[...] = decay * average + (1 - decay) * np.asarray(variable)

    def _score_average(self) -> Mapping[str, float]:
        trained = _values(self.network.weights)
        _assign(self.network.weights, self._average)
        ferplus, fer2013 = predict_logits(self.network, self._selection)
        _assign(self.network.weights, trained)
        known = self._selection.ferplus_label >= 0
        scores = score(softmax(ferplus[known]), self._selection.ferplus_label[known])
        original = score(softmax(fer2013), self._selection.fer2013_label)
        return {
            "ferplus_accuracy": scores.accuracy,
            "ferplus_macro_f1": scores.macro_f1,
            "fer2013_accuracy": original.accuracy,
            "score": scores.accuracy + 0.25 * scores.macro_f1 + 0.25 * original.accuracy,
        }


def predict_logits(network: keras.Model, dataset: FaceDataset) -> tuple[Floats, Floats]:
    """Both heads' logits of every face at full size: float32, (n, 7) each."""
    starts = range(0, len(dataset), _PREDICTION_BATCH)
    chunks = [resize(dataset.images[start : start + _PREDICTION_BATCH], FACE_SIZE_PX) for start in starts]
    outputs = [network.predict_on_batch(chunk) for chunk in chunks]
    return np.concatenate([first for first, _ in outputs]), np.concatenate([second for _, second in outputs])


def softmax(logits: Floats) -> Floats:
    """float32, (n, 7), rows sum to 1."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _compile(network: keras.Model, config: TrainingConfig) -> Any:
    optimizer = keras.optimizers.AdamW(config.learning_rate, weight_decay=config.weight_decay, global_clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    loss = keras.losses.CategoricalCrossentropy
    untyped: Any = network
    untyped.compile(
        optimizer,
        loss=[loss(from_logits=True), loss(from_logits=True, label_smoothing=config.label_smoothing)],
        loss_weights=[1.0, config.fer2013_weight],
        # On a CPU, TensorFlow's own convolutions outran XLA's: 0.72 against 0.98 s a step of the residual network.
        jit_compile=keras.backend.backend() != "tensorflow",
    )
    optimizer.build(network.trainable_variables)
    return optimizer


def _values(variables: list[Any]) -> Arrays:
    return [np.asarray(variable).copy() for variable in variables]


def _assign(variables: list[Any], values: Arrays) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
