"""The requests that TensorFlow Serving sends itself before a version goes live, so that no caller waits."""

from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from contracts.model import FACE_SIZE_PX, INPUT_NAME, MODEL_NAME, SIGNATURE_NAME

WARMUP_FILE = Path("assets.extra") / "tf_serving_warmup_requests"
WARMUP_BATCHES = (1, 2, 4, 8, 16, 32)
"""Faces in each request: kernels are chosen by shape, so that every size up to the largest batch counts."""


# Messages are made at run time: a type checker knows none of them.
_predict: Any = predict_pb2
_log: Any = prediction_log_pb2


def write_warmup(version_dir: Path) -> None:
    """Write one request of black faces for each size of batch.

    See tensorflow.org/tfx/serving/saved_model_warmup: a TFRecord file of PredictionLog messages.
    """
    path = version_dir / WARMUP_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for faces in WARMUP_BATCHES:
            writer.write(_request(faces).SerializeToString())


def _request(faces: int) -> Any:
    request: Any = _predict.PredictRequest()
    request.model_spec.name = MODEL_NAME
    request.model_spec.signature_name = SIGNATURE_NAME
    tensor = request.inputs[INPUT_NAME]
    tensor.dtype = tf.uint8.as_datatype_enum
    for size in (faces, FACE_SIZE_PX, FACE_SIZE_PX, 1):
        tensor.tensor_shape.dim.add(size=size)
    # One value stands for all where a message gives fewer than its shape has.
    tensor.int_val.append(0)
    return _log.PredictionLog(predict_log=_log.PredictLog(request=request))
