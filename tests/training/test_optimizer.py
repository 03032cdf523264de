import keras
import numpy as np
import pytest

from training.config import TrainingConfig
from training.configs import CONFIGS
from training.optimizer import make_optimizer

MUON = TrainingConfig(network=CONFIGS["smallest"].network, epochs=1, optimizer="muon", weight_decay=0.1)


def step(config: TrainingConfig, name: str, shape: tuple[int, ...], gradient: np.ndarray) -> np.ndarray:
    """How far one step takes a variable of ones, per learning rate."""
    variable = keras.Variable(np.ones(shape, np.float32), name=name)
    make_optimizer(config).apply([keras.ops.convert_to_tensor(gradient)], [variable])
    return (1 - np.asarray(variable)) / config.learning_rate


@pytest.mark.parametrize("shape", [(3, 3, 8, 16), (1, 1, 32, 16), (2, 2, 4, 64)])
def test_muon_turns_a_kernel_alike_in_all_directions(shape: tuple[int, ...]) -> None:
    gradient = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    # One direction of the gradient outweighs all others, which AdamW would mostly follow.
    gradient += 10 * np.random.default_rng(2).normal(size=shape[-1]).astype(np.float32)
    moved = step(MUON, "kernel", shape, gradient) - MUON.weight_decay
    before, after = (np.linalg.svd(each.reshape(-1, shape[-1]), compute_uv=False) for each in (gradient, moved))
    assert before.min() / before.max() < 0.1
    # The Newton-Schulz iteration brings the singular values near to 1 only.
    assert after.min() / after.max() > 0.3
    assert 0.1 < np.sqrt(np.mean(moved**2)) < 0.3


@pytest.mark.parametrize(("name", "shape"), [("kernel", (8, 7)), ("bias", (7,)), ("gamma", (8,))])
def test_muon_leaves_all_but_kernels_to_adam(name: str, shape: tuple[int, ...]) -> None:
    gradient = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    adam = step(MUON.model_copy(update={"optimizer": "adamw"}), name, shape, gradient)
    np.testing.assert_allclose(step(MUON, name, shape, gradient), adam, rtol=1e-3)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_weights_decay_and_biases_do_not(optimizer: str) -> None:
    config = MUON.model_copy(update={"optimizer": optimizer})
    still = np.zeros((3, 3, 8, 16), np.float32)
    np.testing.assert_allclose(step(config, "kernel", still.shape, still), config.weight_decay, rtol=1e-3)
    np.testing.assert_array_equal(step(config, "bias", (8,), still[0, 0, :, 0]), 0)
