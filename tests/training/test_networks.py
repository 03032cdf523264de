import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.training.support import TINY, some_faces
from training.backend import value_of
from training.config import (
    EnsembleNetwork,
    MobileNetwork,
    Network,
    PlainNetwork,
    ResidualNetwork,
    SeparableNetwork,
    VggNetwork,
)
from training.layers import Convolution, MirroredConvolution
from training.networks import build_network

SINGLE_NETWORKS = (
    PlainNetwork(widths=(4, 8), hidden=8),
    VggNetwork(widths=(4, 8)),
    VggNetwork(widths=(4, 8), last_width=6, mirrored=True),
    MobileNetwork(stem=4, stages=((4, 2), (8, 1))),
    ResidualNetwork(stem=4, stages=((8, 2), (8, 1))),
    SeparableNetwork(stem=4, blocks=((8, 2), (8, 1)), zoom=2),
)
NETWORKS = (*SINGLE_NETWORKS, EnsembleNetwork(members=SINGLE_NETWORKS))


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.kind)
def test_brightness_and_contrast_do_not_change_what_a_network_reads(network: Network) -> None:
    model = build_network(network)
    face = some_faces(1)
    for plain, relit in zip(model.predict_on_batch(face), model.predict_on_batch(2 * face + 10), strict=True):
        np.testing.assert_allclose(plain, relit, atol=1e-4)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.kind)
@pytest.mark.parametrize("side", [16, 32, 40])
def test_every_network_reads_faces_of_other_sizes(network: Network, side: int) -> None:
    for logits in build_network(network).predict_on_batch(some_faces(2, side)):
        assert logits.shape == (2, 7)


def test_an_ensemble_of_the_weights_of_its_members_gives_the_mean_of_their_logits() -> None:
    members = [build_network(network) for network in SINGLE_NETWORKS]
    ensemble = build_network(EnsembleNetwork(members=SINGLE_NETWORKS))
    ensemble.set_weights([value_of(weight) for member in members for weight in member.weights])
    said = [member.predict_on_batch(some_faces(4)) for member in members]
    for together, logits in zip(ensemble.predict_on_batch(some_faces(4)), zip(*said, strict=True), strict=True):
        np.testing.assert_allclose(together, np.mean(logits, axis=0), atol=1e-5)


@pytest.mark.parametrize("last_width", [0, 10])
@pytest.mark.parametrize("side", [48, 32])
def test_a_mirrored_network_reads_a_face_and_its_mirror_image_alike(side: int, last_width: int) -> None:
    network = build_network(VggNetwork(widths=(4, 8, 12), last_width=last_width, mirrored=True))
    faces = some_faces(4, side)
    before = network.predict_on_batch(faces)
    network(1.5 * faces[:, ::-1], training=True)
    after = network.predict_on_batch(faces)
    for first, read, mirrored in zip(before, after, network.predict_on_batch(faces[:, :, ::-1]), strict=True):
        assert (first != read).any()
        np.testing.assert_allclose(read, mirrored, atol=1e-5)
    assert not np.allclose(after[0], network.predict_on_batch(faces[:, ::-1])[0], atol=1e-3)


def test_a_mirrored_network_has_half_of_the_weights() -> None:
    plain, mirrored = (build_network(VggNetwork(widths=(8, 16), mirrored=each)) for each in (False, True))
    kernels = [sum(value_of(w).size for w in each.weights if w.name == "kernel") for each in (plain, mirrored)]
    assert kernels[1] == kernels[0] / 2


def test_a_uniform_face_is_read_without_an_error() -> None:
    ferplus, fer2013 = build_network(TINY.network).predict_on_batch(np.full((1, 48, 48, 1), 7, np.float32))
    assert np.isfinite(ferplus).all()
    assert np.isfinite(fer2013).all()


def test_the_same_weights_serve_both_precisions() -> None:
    exact, rough = build_network(TINY.network), build_network(TINY.network, "bfloat16")
    for weight, other in zip(rough.weights, exact.weights, strict=True):
        assert weight.dtype == "float32"
        weight.assign(value_of(other))
    for a, b in zip(exact.predict_on_batch(some_faces(4)), rough.predict_on_batch(some_faces(4)), strict=True):
        assert (a != b).any()
        np.testing.assert_allclose(a, b, atol=0.05)


def test_a_convolution_that_would_be_padded_unevenly_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be padded alike"):
        Convolution(8, kernel=3, stride=2)


def test_a_mirrored_convolution_has_an_even_number_of_channels() -> None:
    with pytest.raises(ValueError, match="7 channels cannot be halved"):
        MirroredConvolution(7)


_ON_TORCH = """
import sys, numpy as np
from pydantic import TypeAdapter
from training.config import Network
from training.networks import build_network
saved = np.load(sys.argv[1])
network = build_network(TypeAdapter(Network).validate_json(str(saved["config"])))
for index, weight in enumerate(network.weights):
    weight.assign(saved[f"weight{index}"])
before = [network.predict_on_batch(saved["faces"])[head] for head in range(2)]
network(saved["faces"], training=True)
np.savez(sys.argv[2], *before, *[weight.value.detach().numpy() for weight in network.weights])
"""


@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed; it is in no lock file")
@pytest.mark.timeout(300)  # a process that imports PyTorch on a busy machine
@pytest.mark.parametrize(
    "config",
    [
        ResidualNetwork(stem=4, stages=((8, 2), (8, 1)), dropout=0.0),
        VggNetwork(widths=(4, 8), mirrored=True, dropout=0.0),
    ],
    ids=lambda config: config.kind,
)
def test_pytorch_computes_what_tensorflow_does(config: Network, tmp_path: Path) -> None:
    network, faces = build_network(config), some_faces(8)
    weights = {f"weight{index}": value_of(weight) for index, weight in enumerate(network.weights)}
    np.savez(tmp_path / "in.npz", allow_pickle=False, config=config.model_dump_json(), faces=faces, **weights)
    command = [sys.executable, "-c", _ON_TORCH, str(tmp_path / "in.npz"), str(tmp_path / "out.npz")]
    subprocess.run(command, check=True, env=os.environ | {"KERAS_BACKEND": "torch"}, timeout=280)
    with np.load(tmp_path / "out.npz") as found:
        arrays = [found[name] for name in found.files]
    expected = network.predict_on_batch(faces)
    network(faces, training=True)
    for a, b in zip([*expected, *(value_of(weight) for weight in network.weights)], arrays, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
