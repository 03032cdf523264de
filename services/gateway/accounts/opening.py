"""Opens the accounts with the gateway's settings."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime

from pydantic import ValidationError

from servicekit.database import Database, open_engine
from servicekit.errors import InvalidInputError
from services.gateway.accounts.accounts import Accounts, Clock
from services.gateway.accounts.models import Login
from services.gateway.accounts.tokens import Purpose, Signer
from services.gateway.settings import GatewaySettings


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@contextmanager
def opened_database(settings: GatewaySettings) -> Generator[Database]:
    """The gateway's database, while open. Nothing is connected yet."""
    engine = open_engine(settings.database_url)
    try:
        yield Database(engine)
    finally:
        engine.dispose()


def accounts_in(database: Database, settings: GatewaySettings, clock: Clock = utc_now) -> Accounts:
    """The accounts in a database."""
    sessions = Signer(settings.secret.get_secret_value(), Purpose.SESSION)
    devices = Signer(settings.token_secret.get_secret_value(), Purpose.DEVICE)
    return Accounts(database, sessions, devices, clock)


def add_operator(settings: GatewaySettings, name: str, password: str) -> None:
    """Add somebody who may operate the system.

    Raises:
        InvalidInputError: the name or the password is not one that may be had.
        NameTakenError: somebody else has the name.
        UnavailableError: the database does not answer, or has no tables yet.
    """
    try:
        login = Login.model_validate({"name": name, "password": password})
    except ValidationError as error:
        problems = "; ".join(f"{part['loc'][0]}: {part['msg']}" for part in error.errors(include_input=False))
        raise InvalidInputError(f"{problems}.", "Choose others.") from None
    with opened_database(settings) as database:
        accounts_in(database, settings).add_operator(login.name, login.password.get_secret_value())
