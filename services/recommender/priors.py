"""What was learned of people's taste, in files: one for each kind, by the kind's name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from contracts.recommendation import Kind
from servicekit.errors import ConfigurationError
from services.recommender.core.prior import TRAITS, Prior

SHIPPED: Final = Path(__file__).parent / "priors"
VERSION: Final = 1
_PLACES: Final = 4


def load_priors(folder: Path = SHIPPED) -> dict[Kind, Prior]:
    """Every prior in a folder; a kind without a file has none.

    Raises:
        ConfigurationError: a file is not a prior of this version.
    """
    return {kind: _load(path) for kind in Kind if (path := folder / f"{kind}.json").exists()}


def save_prior(prior: Prior, path: Path, learned_from: Mapping[str, int]) -> None:
    """Write the weights of the traits; what was found in single items stays with who learned it."""
    document: dict[str, Any] = {
        "version": VERSION,
        "traits": list(TRAITS),
        "mean": np.round(prior.mean, _PLACES).tolist(),
        "covariance": np.round(prior.covariance, _PLACES).tolist(),
        "noise_variance": round(prior.noise_variance, _PLACES),
        "feature_variance": dict(prior.feature_variance),
        "learned_from": dict(learned_from),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


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
    return Prior(mean, covariance, float(document["noise_variance"]), variances)
