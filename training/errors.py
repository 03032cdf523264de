"""What can be wrong with the files that training reads. Each names the file and what was expected of it."""

from servicekit.errors import ConflictError, InvalidInputError


class DatasetError(InvalidInputError):
    """A dataset file is absent, unreadable, or not in the format of `training.dataset`."""

    default_code = "bad_dataset"


class ModelError(InvalidInputError):
    """A SavedModel is absent, unreadable, or does not have the interface of `contracts.model`."""

    default_code = "bad_model"


class CheckpointError(ConflictError):
    """A checkpoint is truncated, or was written by a run with another configuration."""

    default_code = "bad_checkpoint"


class RunLogError(InvalidInputError):
    """The log of finished runs was edited into something else."""

    default_code = "bad_run_log"


class PromotionError(ConflictError):
    """A version is worse than the one it would replace."""

    default_code = "worse_model"
