"""Single statements about accounts, inside somebody's transaction."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, delete, select, update
from sqlalchemy.exc import IntegrityError

from servicekit.errors import NotFoundError
from services.gateway.accounts.errors import NameTakenError
from services.gateway.accounts.records import Account, Credential, Revoked
from services.gateway.accounts.schema import AccountRow, CredentialRow, RevokedTokenRow
from services.gateway.accounts.tokens import Purpose

ACCOUNT: Final[Table] = AccountRow.metadata.tables["account"]
CREDENTIAL: Final[Table] = AccountRow.metadata.tables["credential"]
REVOKED: Final[Table] = AccountRow.metadata.tables["revoked_token"]


def devices_of(connection: Connection, account_id: str) -> list[Credential]:
    """An account's devices, the newest first, outdated ones as well."""
    mine = (CredentialRow.account_id == account_id, CredentialRow.purpose == Purpose.DEVICE)
    columns = (CredentialRow.id, CredentialRow.name, CredentialRow.created_at, CredentialRow.expires_at)
    rows = connection.execute(select(*columns).where(*mine).order_by(CredentialRow.created_at.desc()))
    return [Credential(*row) for row in rows]


def was_revoked(connection: Connection, token_id: str) -> bool:
    """Whether this token is no longer good."""
    return connection.scalar(select(RevokedTokenRow.id).where(RevokedTokenRow.id == token_id)) is not None


def revoke(connection: Connection, account_id: str, device_id: str | None = None) -> list[Revoked]:
    """End one device or all; returns the tokens that are no longer good."""
    devices = (CredentialRow.account_id == account_id, CredentialRow.purpose == Purpose.DEVICE)
    chosen = devices if device_id is None else (*devices, CredentialRow.id == device_id)
    removed = connection.execute(
        delete(CREDENTIAL).where(*chosen).returning(CredentialRow.id, CredentialRow.expires_at)
    ).all()
    if removed:
        connection.execute(REVOKED.insert(), [{"id": row.id, "expires_at": row.expires_at} for row in removed])
    return [Revoked(row.id, row.expires_at) for row in removed]


def change(connection: Connection, account_id: str, **columns: Any) -> None:
    """Set these columns."""
    connection.execute(update(ACCOUNT).where(AccountRow.id == account_id).values(**columns))


def account_with(connection: Connection, account_id: str, *, hold: bool = False) -> Account:
    """The account.

    Args:
        hold: nobody else changes it, or holds it, before the transaction ends.

    Raises:
        NotFoundError: it is gone.
    """
    query = select(ACCOUNT).where(AccountRow.id == account_id)
    row = connection.execute(query.with_for_update(key_share=True) if hold else query).one_or_none()
    if row is None:
        raise NotFoundError("There is no such account.", "It may have been deleted.", code="account_gone")
    return to_account(row)


def to_account(row: Row[Any]) -> Account:
    """The account in a row."""
    return Account(row.id, row.name, row.is_operator, row.consent_version, row.consent_at, row.created_at)


@contextmanager
def unique(name: str) -> Generator[None]:
    """What is written inside needs the name; raises `NameTakenError` where somebody else has it."""
    try:
        yield
    except IntegrityError as error:
        raise NameTakenError(name) from error
