import json
from pathlib import Path

import numpy as np
import pytest

from training.config import SeparableNetwork
from training.dataset import FaceDataset
from training.errors import ModelError
from training.initial import load_initial
from training.networks import build_network
from training.pretrained import convert

NETWORK = SeparableNetwork()


def made_up_model() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    model = {
        "age_pred/kernel": rng.normal(size=(256, 100)),
        "conv1/convolution/merged_input": rng.normal(size=(3, 3, 3, NETWORK.stem)),
        "conv1_bn/batchnorm_1/sub": rng.normal(size=NETWORK.stem),
    }
    channels = NETWORK.stem
    for number, (width, _) in enumerate(NETWORK.blocks, start=1):
        model[f"conv_dw_{number}/depthwise_kernel"] = rng.normal(size=(3, 3, channels, 1))
        model[f"conv_dw_{number}_bn/batchnorm_1/mul"] = rng.normal(size=channels)
        model[f"conv_dw_{number}_bn/batchnorm_1/sub"] = rng.normal(size=channels)
        model[f"conv_pw_{number}/convolution/merged_input"] = rng.normal(size=(1, 1, channels, width))
        model[f"conv_pw_{number}_bn/batchnorm_1/sub"] = rng.normal(size=width)
        channels = width
    return {name: value.astype(np.float16) for name, value in model.items()}


def write_model(folder: Path, model: dict[str, np.ndarray]) -> Path:
    weights = [
        {"name": name, "shape": value.shape, "dtype": "float32", "quantization": {"dtype": "float16"}}
        for name, value in model.items()
    ]
    group = {"paths": ["faceres.bin"], "weights": weights}
    (folder / "faceres.json").write_text(json.dumps({"format": "graph-model", "weightsManifest": [group]}))
    (folder / "faceres.bin").write_bytes(b"".join(value.tobytes() for value in model.values()))
    return folder


# Keras's own way of saving a variable of TensorFlow's, under NumPy 2.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_network_begins_as_the_given_one_with_its_convolutions_normalised(
    tmp_path: Path, dataset: FaceDataset
) -> None:
    model = made_up_model()
    convert(write_model(tmp_path, model), dataset, tmp_path / "faces.weights.h5")
    taken = load_initial([tmp_path / "faces.weights.h5"], build_network(NETWORK))
    kernels, rest = taken[0:-4:5], [taken[start : start + 4] for start in range(1, len(taken) - 4, 5)]
    stem = model["conv1/convolution/merged_input"].astype(np.float32).sum(axis=2, keepdims=True)
    np.testing.assert_allclose(kernels[0], 54 * stem, rtol=1e-5)
    scale = model["conv_dw_2_bn/batchnorm_1/mul"].astype(np.float32)
    np.testing.assert_allclose(kernels[3], model["conv_dw_2/depthwise_kernel"] * scale[:, None], rtol=1e-5)
    np.testing.assert_array_equal(kernels[-1], model["conv_pw_13/convolution/merged_input"])
    offsets = [value for name, value in model.items() if name.endswith("sub")]
    for offset, (scale, shift, mean, variance) in zip(offsets, rest, strict=True):
        np.testing.assert_allclose(scale**2, variance + 1e-3, rtol=1e-4)
        np.testing.assert_allclose(shift - mean, offset, rtol=1e-2, atol=1e-2)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_what_is_no_such_model_is_told(tmp_path: Path, dataset: FaceDataset) -> None:
    model = made_up_model()
    with pytest.raises(ModelError, match=r"faceres\.json is no model"):
        convert(tmp_path, dataset, tmp_path / "out.weights.h5")
    write_model(tmp_path, model)
    described = (tmp_path / "faceres.json").read_text()
    (tmp_path / "faceres.json").write_text(described.replace("float16", "uint8"))
    with pytest.raises(ModelError, match=r"faceres\.json is no model"):
        convert(tmp_path, dataset, tmp_path / "out.weights.h5")
    write_model(tmp_path, {name: value for name, value in model.items() if name != "conv_dw_4_bn/batchnorm_1/mul"})
    with pytest.raises(ModelError, match=r"no weight named .*conv_dw_4_bn"):
        convert(tmp_path, dataset, tmp_path / "out.weights.h5")
    write_model(tmp_path, model | {"conv_pw_3_bn/batchnorm_1/sub": np.zeros(7, np.float16)})
    with pytest.raises(ModelError, match="another network than MobileNet"):
        convert(tmp_path, dataset, tmp_path / "out.weights.h5")
    write_model(tmp_path, model)
    whole = (tmp_path / "faceres.bin").read_bytes()
    (tmp_path / "faceres.bin").write_bytes(whole[:-2])
    with pytest.raises(ModelError, match="ends in the middle of conv_pw_13_bn"):
        convert(tmp_path, dataset, tmp_path / "out.weights.h5")
    assert not (tmp_path / "out.weights.h5").exists()
