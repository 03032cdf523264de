"""The served emotion model's interface: names, shapes and outputs of its SavedModel signature."""

from typing import Final

MODEL_NAME: Final = "emotion"
SIGNATURE_NAME: Final = "serving_default"

FACE_SIZE_PX: Final = 48
INPUT_NAME: Final = "images"
"""uint8, (n, 48, 48, 1), 0..255: grey face crops. Normalisation happens inside the signature."""

PROBABILITIES: Final = "probabilities"
"""float32, (n, 7), rows sum to 1, calibrated: the head trained on FER+ votes, which the product uses."""

FER2013_PROBABILITIES: Final = "fer2013_probabilities"
"""float32, (n, 7), rows sum to 1: the head trained on the original FER-2013 labels, for comparison with the field."""

LABELS: Final = "labels"
"""string, (n, 7), every row alike: the emotion names in the order of both probability outputs. One row a face, because
TensorFlow Serving's batching splits every output along its first axis; ask for it once, with an output filter."""

UNCERTAIN_BELOW: Final = "uncertain_below"
"""float32, (n,), every entry alike, 0..1: below this highest probability a reading is called uncertain. Chosen from the
risk-coverage curve of the version it travels with."""

LITERT_FILE: Final = f"assets.extra/{PROBABILITIES}.tflite"
"""In a version's folder, where TensorFlow Serving ignores it: the same network for one face, with 8-bit weights, for
LiteRT. It takes `INPUT_NAME` as (1, 48, 48, 1) and gives `PROBABILITIES`; a version may come without it."""
