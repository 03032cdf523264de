"""What was learned of people's taste, in files: one for each kind, by the kind's name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from contracts.recommendation import Kind
from servicekit.errors import ConfigurationError
from services.recommender.core.prior import TRAITS, Prior, Voice

SHIPPED: Final = Path(__file__).parent / "priors"
VERSION: Final = 2
MIN_WEIGHT: Final = 3.0
"""Ratings: of an item that fewer people rated, what they gave it is nobody else's business."""
_HUNDREDTHS: Final = 100
_PLACES: Final = 4


def load_priors(folder: Path = SHIPPED) -> dict[Kind, Prior]:
    """Every prior in a folder; a kind without a file has none.

    Raises:
        ConfigurationError: a file is not a prior of this version.
    """
    return {kind: _load(path) for kind in Kind if (path := folder / f"{kind}.json").exists()}


def save_prior(prior: Prior, path: Path, learned_from: Mapping[str, int]) -> None:
    """Write a prior, without the voices of items that fewer than `MIN_WEIGHT` have rated."""
    voices = {name: voice for name, voice in sorted(prior.voices.items()) if voice.weight >= MIN_WEIGHT}
    document: dict[str, Any] = {
        "version": VERSION,
        "traits": list(TRAITS),
        "mean": np.round(prior.mean, _PLACES).tolist(),
        "covariance": np.round(prior.covariance, _PLACES).tolist(),
        "noise_variance": round(prior.noise_variance, _PLACES),
        "feature_variance": dict(prior.feature_variance),
        "learned_from": {**learned_from, "keys": " ".join(sorted(prior.learned_from))},
        "voices": {name: [round(_HUNDREDTHS * liking), round(weight)] for name, (liking, weight) in voices.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in document.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _load(path: Path) -> Prior:
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"{path} is not a prior: {error}.", "Make it again with `python -m services.recommender learn-prior`."
        ) from error


def _parse(document: Any) -> Prior:
    if (document["version"], document["traits"]) != (VERSION, list(TRAITS)):
        raise ValueError("it was written by another version")
    mean, covariance = np.array(document["mean"], float), np.array(document["covariance"], float)
    if mean.shape != (len(TRAITS),) or covariance.shape != (len(TRAITS), len(TRAITS)):
        raise ValueError("it does not have one weight for each trait")
    variances = {str(group): float(value) for group, value in document["feature_variance"].items()}
    voices = {name: Voice(liking / _HUNDREDTHS, weight) for name, (liking, weight) in document["voices"].items()}
    keys = frozenset(document["learned_from"]["keys"].split())
    return Prior(mean, covariance, float(document["noise_variance"]), variances, voices, keys)
