"""`python -m training.litert FOLDER`: put the LiteRT form of a version beside its SavedModel."""

from pathlib import Path
from typing import Annotated, Any

import tensorflow as tf
import typer

from contracts.model import FACE_SIZE_PX, INPUT_NAME, LITERT_FILE, PROBABILITIES, SIGNATURE_NAME


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
    target.write_bytes(converter.convert())
    return target


def main(folder: Annotated[Path, typer.Argument(help="The version's folder.", exists=True, file_okay=False)]) -> None:
    """Write the form that the single-machine model server runs."""
    typer.echo(f"wrote {write_litert(folder)}")


if __name__ == "__main__":
    typer.run(main)
