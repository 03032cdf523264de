"""Write a trained network as a SavedModel with the interface of `contracts.model`."""

import shutil
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from pydantic import BaseModel, ConfigDict

from contracts.emotion import EMOTIONS
from contracts.model import (
    FACE_SIZE_PX,
    FER2013_PROBABILITIES,
    INPUT_NAME,
    LABELS,
    PROBABILITIES,
    SIGNATURE_NAME,
    UNCERTAIN_BELOW,
)
from training.calibrate import Calibration
from training.config import TrainingConfig
from training.metrics import Scores

RUN_FILE = "run.json"


class RunRecord(BaseModel):
    """How a version was made; kept beside its graph, where TensorFlow Serving ignores it."""

    model_config = ConfigDict(frozen=True)

    config: TrainingConfig
    epochs_trained: int
    parameters: int
    train_faces: int
    selection_faces: int
    duplicates_of_validation: int
    duplicates_of_selection: int
    calibration: Calibration
    selection_ferplus: Scores
    selection_fer2013: Scores


def export_model(network: keras.Model, calibration: Calibration, record: RunRecord, version_dir: Path) -> None:
    """Write the SavedModel and its run record, replacing what was there.

    Preprocessing, temperatures, label names and the threshold become part of the signature. The optimiser is left out.
    The version appears under its name only when it is whole, as a server may be watching the folder.

    Args:
        network: gives two sets of logits, as `training.networks.build_network`.
        version_dir: its name is the version number.
    """
    unfinished = version_dir.with_name(f"{version_dir.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    # Keras's own export archive writes every weight twice, and everything that training attached to the network.
    served: Any = tf.Module()
    served.weights = [weight.value for weight in network.weights]
    signature = tf.function(_signature(network, calibration), input_signature=[_input_spec()])
    tf.saved_model.save(served, str(unfinished), signatures={SIGNATURE_NAME: signature})
    (unfinished / RUN_FILE).write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(version_dir, ignore_errors=True)
    unfinished.rename(version_dir)


def _input_spec() -> Any:
    return tf.TensorSpec((None, FACE_SIZE_PX, FACE_SIZE_PX, 1), tf.uint8, name=INPUT_NAME)


def _signature(network: keras.Model, calibration: Calibration) -> Any:
    names: Any = tf.constant([[emotion.value for emotion in EMOTIONS]])

    def serve(images: Any) -> dict[str, Any]:
        ferplus, fer2013 = network(tf.cast(images, tf.float32), training=False)
        faces = tf.shape(images)[0]
        return {
            PROBABILITIES: tf.nn.softmax(ferplus / calibration.ferplus_temperature),
            FER2013_PROBABILITIES: tf.nn.softmax(fer2013 / calibration.fer2013_temperature),
            LABELS: tf.tile(names, tf.stack([faces, 1])),
            UNCERTAIN_BELOW: tf.fill([faces], tf.constant(calibration.uncertain_below, tf.float32)),
        }

    return serve
