from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from servicekit.errors import InvalidInputError
from tests.training.support import TINY, TINY_NETWORK, rounded
from training.backend import value_of
from training.checkpoint import load_checkpoint, read_checkpoint, save_checkpoint
from training.config import EnsembleNetwork, ResidualNetwork, VggNetwork
from training.dataset import FaceDataset
from training.errors import ModelError
from training.export import export_run
from training.initial import describe, load_initial
from training.networks import build_network
from training.record import RunRecord, read_record
from training.settings import TrainingSettings
from training.train import train
from training.trainer import Trainer, predict_logits


def best_weights(run_dir: Path) -> list[np.ndarray]:
    checkpoint = load_checkpoint(run_dir / "checkpoint.npz", TINY)
    assert checkpoint is not None
    return checkpoint.best


def test_a_version_and_a_checkpoint_give_the_weights_of_the_best_epoch(exported: Path, run_dir: Path) -> None:
    best = best_weights(run_dir)
    for path, weights in ((exported, rounded(best)), (run_dir / "checkpoint.npz", best)):
        taken = load_initial([path], build_network(TINY.network))
        for value, expected in zip(taken, weights, strict=True):
            np.testing.assert_array_equal(value, expected)


# Keras's own way of saving a variable of TensorFlow's, under NumPy 2.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_keras_weights_file_gives_the_layers_of_the_same_names(tmp_path: Path) -> None:
    saved = build_network(TINY.network)
    saved.save_weights(tmp_path / "face.weights.h5")
    taken = load_initial([tmp_path / "face.weights.h5"], build_network(TINY.network))
    for value, weight in zip(taken, saved.weights, strict=True):
        np.testing.assert_array_equal(value, value_of(weight))


def test_a_network_of_more_blocks_begins_as_the_given_one(exported: Path, run_dir: Path, dataset: FaceDataset) -> None:
    given = build_network(TINY.network)
    best = best_weights(run_dir)
    for path, weights in ((exported, rounded(best)), (run_dir / "checkpoint.npz", best)):
        given.set_weights(weights)
        deeper = build_network(ResidualNetwork(stem=4, stages=((8, 3), (8, 2)), zero_init_residual=True))
        deeper.set_weights(load_initial([path], deeper))
        for logits, expected in zip(predict_logits(deeper, dataset), predict_logits(given, dataset), strict=True):
            np.testing.assert_allclose(logits, expected, atol=1e-4)


def test_a_network_of_other_widths_takes_the_layers_before_the_first_that_differs(
    exported: Path, run_dir: Path
) -> None:
    wider = build_network(ResidualNetwork(stem=4, stages=((12, 1), (8, 1))))
    taken = load_initial([exported], wider)
    np.testing.assert_array_equal(taken[0], rounded(best_weights(run_dir))[0])
    assert [value.shape for value in taken] == [tuple(weight.shape) for weight in wider.weights]


def test_an_ensemble_begins_from_a_trained_network_for_each_of_its_members(
    exported: Path, run_dir: Path, data_dir: Path, tmp_path: Path
) -> None:
    other = replace(read_checkpoint(run_dir / "checkpoint.npz"), best=[2 * each for each in best_weights(run_dir)])
    save_checkpoint(tmp_path / "other.npz", other)
    given = [tmp_path / "other.npz", exported]
    config = TINY.model_copy(update={"epochs": 0, "network": EnsembleNetwork(members=(TINY_NETWORK, TINY_NETWORK))})
    train(config, TrainingSettings(fer2013_dir=data_dir), tmp_path, init=given)
    checkpoint = read_checkpoint(tmp_path / "checkpoint.npz")
    assert checkpoint.init == ", ".join(map(describe, given))
    for weight, expected in zip(checkpoint.best, [*other.best, *rounded(best_weights(run_dir))], strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_an_ensemble_of_which_a_member_is_not_given_is_refused(run_dir: Path, data_dir: Path, tmp_path: Path) -> None:
    config = TINY.model_copy(update={"epochs": 0, "network": EnsembleNetwork(members=(TINY_NETWORK, TINY_NETWORK))})
    with pytest.raises(ModelError, match=r"weights of the network ensemble are not given") as caught:
        train(config, TrainingSettings(fer2013_dir=data_dir), tmp_path, init=[run_dir / "checkpoint.npz"])
    assert "one for each member" in caught.value.advice
    assert not (tmp_path / "checkpoint.npz").exists()


def test_a_run_of_no_epochs_needs_something_to_begin_from(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="no epochs"):
        train(TINY.model_copy(update={"epochs": 0}), TrainingSettings(fer2013_dir=data_dir), tmp_path)


def test_networks_given_in_another_order_than_the_members_are_refused(exported: Path, run_dir: Path) -> None:
    given = [exported, run_dir / "checkpoint.npz"]
    ensemble = build_network(EnsembleNetwork(members=(VggNetwork(widths=(4, 8)), TINY_NETWORK)))
    with pytest.raises(ModelError, match="of the weights do not fit the network ensemble") as caught:
        load_initial(given, ensemble)
    assert "in the order of the members" in caught.value.advice


def test_a_keras_file_beside_others_is_refused(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="given beside others"):
        load_initial([exported, tmp_path / "face.weights.h5"], build_network(TINY.network))


def test_a_run_that_begins_from_another_says_so_in_its_checkpoint(
    exported: Path, run_dir: Path, data_dir: Path, tmp_path: Path
) -> None:
    config = TINY.model_copy(update={"epochs": 1, "learning_rate": 1e-9, "weight_decay": 0.0})
    train(config, TrainingSettings(fer2013_dir=data_dir), tmp_path, init=[exported])
    checkpoint = load_checkpoint(tmp_path / "checkpoint.npz", config)
    assert checkpoint is not None
    assert checkpoint.init == describe(exported)
    np.testing.assert_allclose(checkpoint.best[0], rounded(best_weights(run_dir))[0], atol=1e-6)


@pytest.mark.parametrize("faces", ["", "sha256:of others"])
def test_what_began_from_weights_that_learned_from_other_faces_says_so(
    exported: Path, run_dir: Path, data_dir: Path, tmp_path: Path, faces: str
) -> None:
    config = TINY.model_copy(update={"epochs": 0})
    settings = TrainingSettings(fer2013_dir=data_dir, runs_log=tmp_path / "runs.jsonl")

    def begun_from(name: str, path: Path) -> tuple[Path, RunRecord]:
        train(config, settings, tmp_path / name, init=[path])
        version_dir = export_run(name, config, settings, tmp_path / name)
        return version_dir, read_record(version_dir)

    save_checkpoint(tmp_path / "other.npz", replace(read_checkpoint(run_dir / "checkpoint.npz"), faces=faces))
    overlapping, record = begun_from("overlapping", tmp_path / "other.npz")
    assert record.other_crops is None
    for path in (overlapping, tmp_path / "overlapping" / "checkpoint.npz"):
        _, record = begun_from(f"from-{path.name}", path)
        assert record.other_crops is None
    for path in (exported, run_dir / "checkpoint.npz"):
        _, record = begun_from(f"apart-{path.name}", path)
        assert record.other_crops == 0


def test_the_average_begins_from_the_given_weights_too(dataset: FaceDataset, exported: Path) -> None:
    trainer = Trainer(TINY, dataset.select(np.arange(48)), dataset.select(np.arange(48, 112)))
    weights = load_initial([exported], trainer.network)
    trainer.begin_from(weights, "a version")
    for value, expected in zip(trainer.checkpoint().average, weights, strict=True):
        np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize("name", ["absent.weights.h5", "text.weights.h5", "text.npz", "folder"])
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name.startswith("text"):
        path.write_text("no weights")
    with pytest.raises(ModelError, match=name) as caught:
        load_initial([path], build_network(TINY.network))
    assert "Give a Keras weights file" in caught.value.advice


def test_weights_of_which_none_fits_are_refused(exported: Path) -> None:
    with pytest.raises(ModelError, match="no weight fits the network vgg"):
        load_initial([exported], build_network(VggNetwork(widths=(5, 5))))
