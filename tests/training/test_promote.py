import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from contracts.model import LITERT_FILE
from tests.training.support import TINY
from training.calibrate import Calibration
from training.checksum import CHECKSUM_FILE, verify_checksums, write_checksums
from training.dataset import FaceDataset
from training.errors import ModelError, PromotionError
from training.export import export_model
from training.networks import build_network
from training.promote import promote
from training.record import RUN_FILE, read_promotion, read_record
from training.served import ServedModel


def readings(version_dir: Path, faces: FaceDataset) -> np.ndarray:
    return ServedModel(version_dir).read(faces.images).probabilities.argmax(axis=1)


@pytest.fixture(scope="module")
def constant(exported: Path, dataset: FaceDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version that reads every face as what the exported one reads least: it is right about one in seven."""
    network = build_network(TINY.network)
    for weight in network.weights:
        weight.assign(tf.zeros_like(weight.value))
    rarest = np.bincount(readings(exported, dataset), minlength=7).argmin()
    network.get_layer("ferplus").bias.assign(np.eye(7)[rarest])
    folder = tmp_path_factory.mktemp("constant") / "1"
    export_model(network, Calibration(1.0, 1.0, 0.5), read_record(exported), folder)
    return folder


def test_promotion_adds_the_next_version_and_replaces_on_request(
    exported: Path, dataset: FaceDataset, tmp_path: Path
) -> None:
    assert promote(exported, tmp_path, dataset) == tmp_path / "1"
    assert (tmp_path / "1" / LITERT_FILE).stat().st_size > 0
    assert promote(exported, tmp_path, dataset) == tmp_path / "2"
    (tmp_path / "1" / RUN_FILE).unlink()
    assert promote(exported, tmp_path, dataset, version=1) == tmp_path / "1"
    assert (tmp_path / "1" / RUN_FILE).is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2"]


def test_the_first_version_replaces_nothing_and_the_next_tells_what_it_replaced(
    exported: Path, constant: Path, dataset: FaceDataset, tmp_path: Path
) -> None:
    first = read_promotion(promote(constant, tmp_path / "emotion", dataset))
    second = read_promotion(promote(exported, tmp_path / "emotion", dataset))
    assert first is not None
    assert second is not None
    assert (first.replaced, first.before) == (None, None)
    assert second.replaced == "emotion/1"
    assert second.before is not None
    assert second.before.ferplus.accuracy == pytest.approx(1 / 7)
    assert second.reason is None


def test_a_worse_version_is_refused_unless_a_reason_is_given(
    exported: Path, constant: Path, dataset: FaceDataset, tmp_path: Path
) -> None:
    models = tmp_path / "emotion"
    read_right = dataset.select(readings(exported, dataset) == dataset.ferplus_label)
    promote(exported, models, read_right)
    with pytest.raises(PromotionError, match=r"is worse than emotion/1 on the validation file: 0\.0000"):
        promote(constant, models, read_right)
    assert [path.name for path in models.iterdir()] == ["1"]
    forced = read_promotion(promote(constant, models, read_right, reason="the better one was trained on leaked faces"))
    assert forced is not None
    assert forced.reason == "the better one was trained on leaked faces"


def test_what_is_no_model_is_not_promoted(exported: Path, dataset: FaceDataset, tmp_path: Path) -> None:
    broken = shutil.copytree(exported, tmp_path / "broken")
    (broken / "saved_model.pb").unlink()
    write_checksums(broken)
    for folder in (broken, tmp_path / "absent"):
        with pytest.raises(ModelError):
            promote(folder, tmp_path / "emotion", dataset)
    assert not (tmp_path / "emotion").exists()


def test_a_version_whose_files_changed_is_named_with_them(exported: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(exported, tmp_path / "1")
    verify_checksums(changed)
    with (changed / "saved_model.pb").open("ab") as file:
        file.write(b"\0")
    (changed / "variables" / "added").write_text("")
    with pytest.raises(ModelError, match=r"differs from its SHA256SUMS in saved_model\.pb, variables/added"):
        verify_checksums(changed)


def test_a_version_without_checksums_is_not_held_to_them(exported: Path, tmp_path: Path) -> None:
    foreign = shutil.copytree(exported, tmp_path / "1")
    (foreign / CHECKSUM_FILE).unlink()
    verify_checksums(foreign)
