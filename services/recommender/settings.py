"""What the recommender can be told, from RECOMMENDER_*, DATABASE_URL and the shared variables."""

from pathlib import Path

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic_settings import SettingsConfigDict

from servicekit.database import DatabaseUrl
from servicekit.settings import ServiceSettings
from services.recommender.core.weights import CANDIDATES


class RecommenderSettings(ServiceSettings):
    """The defaults suit one machine and a starter catalogue."""

    model_config = SettingsConfigDict(env_prefix="RECOMMENDER_")

    host: str = "127.0.0.1"
    port: int = Field(default=50052, ge=0, le=65535)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Where Prometheus fetches /metrics, at the same host; without one nothing is told."""
    worker_metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """The same of a worker."""
    database_url: DatabaseUrl = Field(default="sqlite:///.run/emoverse.db", validation_alias="DATABASE_URL")

    default_count: int = Field(default=10, ge=1, le=100)
    """Picks of each kind where nobody asked for a number."""
    seed: int = 0
    """Two recommenders with the same seed, data and clock rank alike."""
    sitting_min: PositiveInt = 30
    """Within one sitting a list stays stable; what an earlier one showed makes room for something new."""
    shown_rest_h: PositiveFloat = 12.0
    """How long what an earlier sitting showed stays away."""
    skip_rest_h: PositiveFloat = 24.0
    """How long something skipped stays away: "not now" is not "never"."""

    candidates: NonNegativeInt = CANDIDATES
    """Items of a kind that are scored for a list, and some more that the person's taste brings; 0 scores every item."""

    list_threads: PositiveInt = 1
    """Lists are made by so many threads. Python runs one at a time: more of them take turns, which costs half as much
    again, and pays only where the database is so far away that a thread mostly waits for it."""
    database_threads: PositiveInt = 4
    """For everything else that asks the database."""
    max_waiting_calls: PositiveInt = 64
    """Lists that are made or wait for a thread, and likewise other calls; beyond these one is refused."""
    shown_every_s: PositiveFloat = 0.2
    """How often what was shown is written to the database."""
    catalogue_poll_s: PositiveFloat = 1.0
    """How often the database is asked whether the catalogue has changed; its answer is the service's health."""
    max_waiting_people: PositiveInt = 1000
    """People whose fresh list is still to be published; beyond these the longest waiting is dropped."""

    import_folder: Path = Path(".run/imports")
    """Where the workers find the files that operators have them import; the recommenders write those that are sent."""
    max_upload_mib: PositiveInt = 2048
    """How large a file that is sent may be."""
    rejects_folder: Path = Path(".run/rejects")
    """Where an import writes the rows that it could not take, unless it is told a file."""

    alive_file: Path | None = None
    """A worker and a beat touch it while they live."""
    worker_concurrency: PositiveInt = 2
    worker_lost_after_s: PositiveFloat = 30.0
    """How long a worker may be silent before its tasks are given to another; the same for every worker."""
    clusters_every_s: PositiveFloat = 3600.0
    reviews_every_s: PositiveFloat = 15.0
    """The safety net of the task that each review enqueues by itself."""
