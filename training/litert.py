"""`python -m training.litert FOLDER`: put the LiteRT form of a version beside its SavedModel."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tensorflow as tf
import typer
from ai_edge_litert.interpreter import Interpreter

from contracts.model import FACE_SIZE_PX, INPUT_NAME, LITERT_FILE, PROBABILITIES, SIGNATURE_NAME
from training.checksum import write_checksums
from training.dataset import Floats, Images
from training.errors import ModelError


def write_litert(version_dir: Path) -> Path:
    """Convert the output `PROBABILITIES` of a SavedModel for LiteRT, as `LITERT_FILE` describes it.

    The weights are rounded to 8 bits, each output channel by a scale of its own (LiteRT's dynamic range quantisation).

    Args:
        version_dir: holds a SavedModel with the interface of `contracts.model`.

    Returns:
        the file that was written.
    """
    model: Any = tf.saved_model.load(str(version_dir))
    serve = model.signatures[SIGNATURE_NAME]
    face = tf.TensorSpec((1, FACE_SIZE_PX, FACE_SIZE_PX, 1), tf.uint8, name=INPUT_NAME)

    def probabilities(images: Any) -> Any:
        return serve(**{INPUT_NAME: images})[PROBABILITIES]

    function: Any = tf.function(probabilities, input_signature=[face])
    converter: Any = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    target = version_dir / LITERT_FILE
    target.parent.mkdir(exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    unfinished.write_bytes(converter.convert())
    unfinished.replace(target)
    return target


class LiteModel:
    """The LiteRT form of a version, run on one thread.

    Raises:
        ModelError: the folder holds none, or one that LiteRT cannot read.
    """

    def __init__(self, version_dir: Path) -> None:
        path = version_dir / LITERT_FILE
        try:
            self._interpreter: Any = Interpreter(model_path=str(path), num_threads=1)
            self._interpreter.allocate_tensors()
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"{path} cannot be read by LiteRT ({error}).", f"Write it: python -m training.litert {version_dir}."
            ) from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def read(self, images: Images) -> Floats:
        """Read faces, one after the other: uint8, (n, 48, 48), 0..255, n at least 1.

        Returns:
            float32, (n, 7): the probabilities of the FER+ head.
        """
        return np.concatenate([self._read_one(image) for image in images])

    def _read_one(self, image: Images) -> Floats:
        self._interpreter.set_tensor(self._input, image[np.newaxis, ..., np.newaxis])
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)


def main(folder: Annotated[Path, typer.Argument(help="The version's folder.", exists=True, file_okay=False)]) -> None:
    """Write the form that the single-machine model server runs."""
    typer.echo(f"wrote {write_litert(folder)}")
    write_checksums(folder)


if __name__ == "__main__":
    typer.run(main)
