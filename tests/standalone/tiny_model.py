"""Writes SavedModels with the interface of contracts/model.py and hardly a weight: `tiny_model.py FOLDER VERSION...`.

It uses the server's own way to import TensorFlow, as the whole package takes several times as long.
"""

import importlib
import sys
from pathlib import Path
from typing import Any

from contracts.emotion import EMOTIONS
from contracts.model import FACE_SIZE_PX, FER2013_PROBABILITIES, INPUT_NAME, LABELS, PROBABILITIES, UNCERTAIN_BELOW
from standalone.model_server import tensorflow_runtime


def tensorflow(module: str) -> Any:
    return importlib.import_module(f"tensorflow.python.{module}")


def save(folder: Path) -> None:
    """One convolution; the brighter the face, the higher the last probabilities."""
    ops, array_ops, math_ops = (tensorflow(name) for name in ("framework.ops", "ops.array_ops", "ops.math_ops"))
    dtypes, nn_ops = tensorflow("framework.dtypes"), tensorflow("ops.nn_ops")
    with ops.Graph().as_default(), tensorflow("client.session").Session() as session:
        images = array_ops.placeholder(dtypes.uint8, (None, FACE_SIZE_PX, FACE_SIZE_PX, 1))
        kernel = tensorflow("ops.variables").Variable([[[[float(index) for index in range(len(EMOTIONS))]]]])
        features = nn_ops.conv2d_v2(math_ops.cast(images, dtypes.float32) / 255.0, kernel, strides=1, padding="VALID")
        probabilities = nn_ops.softmax(math_ops.reduce_mean(features, axis=(1, 2)))
        faces = array_ops.shape(images)[0]
        outputs = {
            PROBABILITIES: probabilities,
            FER2013_PROBABILITIES: array_ops.identity(probabilities),
            LABELS: array_ops.tile([[str(emotion) for emotion in EMOTIONS]], (faces, 1)),
            UNCERTAIN_BELOW: array_ops.fill((faces,), 0.5),
        }
        session.run(kernel.initializer)
        tensorflow("saved_model.simple_save").simple_save(session, str(folder), {INPUT_NAME: images}, outputs)


if __name__ == "__main__":
    tensorflow_runtime.import_tensorflow()
    target, *versions = sys.argv[1:]
    for version in versions:
        save(Path(target, version))
