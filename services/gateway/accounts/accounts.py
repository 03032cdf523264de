"""Accounts, their sessions and their devices. Every method is one transaction, and blocks."""

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Table, delete, func, select, update

from servicekit.database import Database, DatabaseUnavailableError, upsert
from servicekit.errors import NotFoundError
from services.gateway.accounts.consent import CONSENT_VERSION
from services.gateway.accounts.errors import (
    AlreadyMemberError,
    ConsentMissingError,
    ConsentOutdatedError,
    KeyReusedError,
    TooManyDevicesError,
    WrongCredentialsError,
)
from services.gateway.accounts.passwords import hash_password, is_password
from services.gateway.accounts.records import Account, Admitted, Census, Credential, Principal, Revoked
from services.gateway.accounts.schema import AccountRow, CredentialRow, ForgottenRow, RevokedTokenRow
from services.gateway.accounts.statements import (
    ACCOUNT,
    CREDENTIAL,
    REVOKED,
    account_with,
    change,
    devices_of,
    revoke,
    to_account,
    unique,
    was_revoked,
)
from services.gateway.accounts.tokens import Claims, Purpose, Signer

SESSION_LIFE: Final = timedelta(days=90)
DEVICE_LIFE: Final = timedelta(days=365)
MAX_DEVICES: Final = 20
SEEN_EVERY: Final = timedelta(hours=1)
"""How precisely it is known when somebody was last there."""

_FORGOTTEN: Final[Table] = AccountRow.metadata.tables["forgotten"]

Clock = Callable[[], datetime]


class Accounts:
    """The gateway's accounts.

    Every method raises `DatabaseUnavailableError` where the database does not answer, and `NotFoundError` where the
    account it is given is gone.
    """

    def __init__(self, database: Database, sessions: Signer, devices: Signer, clock: Clock) -> None:
        self._database = database
        self._signers = {Purpose.SESSION: sessions, Purpose.DEVICE: devices}
        self._clock = clock

    def add_guest(self) -> Admitted:
        """A new account without a name, in a new session."""
        with self._database.writing() as connection:
            return self._admit(connection, self._insert(connection))

    def add_operator(self, name: str, password: str) -> Account:
        """A new account that may operate the system.

        Raises:
            NameTakenError: somebody else has the name.
        """
        hashed = hash_password(password)
        with unique(name), self._database.writing() as connection:
            return self._insert(connection, name=name.lower(), password_hash=hashed, is_operator=True)

    def _insert(self, connection: Connection, **columns: Any) -> Account:
        now = self._clock()
        row = {"is_operator": False, "created_at": now, "seen_at": now} | columns
        account_id = f"u-{uuid4().hex}"
        connection.execute(ACCOUNT.insert().values(id=account_id, **row))
        return account_with(connection, account_id)

    def sign_in(self, name: str, password: str, before: Principal | None = None) -> Admitted:
        """A new session of whoever has this name; that of somebody else, who was there before, ends.

        Raises:
            WrongCredentialsError: nobody has this name and this password.
        """
        with self._database.reading() as connection:
            query = select(AccountRow.id, AccountRow.password_hash).where(AccountRow.name == name.lower())
            row = connection.execute(query).one_or_none()
        if not is_password(password, row.password_hash if row else None) or row is None:
            raise WrongCredentialsError
        with self._database.writing() as connection:
            if before is not None and before.account.id != row.id:
                connection.execute(delete(CREDENTIAL).where(CREDENTIAL.c.id == before.session_id))
            return self._admit(connection, account_with(connection, row.id))

    def sign_up(self, principal: Principal, name: str, password: str) -> Admitted:
        """Give a guest a name and a password; all that is known of them stays. The session is replaced.

        Raises:
            AlreadyMemberError: they have both already.
            NameTakenError: somebody else has the name.
        """
        hashed = hash_password(password)
        with unique(name), self._database.writing() as connection:
            if account_with(connection, principal.account.id).name is not None:
                raise AlreadyMemberError
            change(connection, principal.account.id, name=name.lower(), password_hash=hashed)
            connection.execute(delete(CREDENTIAL).where(CREDENTIAL.c.id == principal.session_id))
            return self._admit(connection, account_with(connection, principal.account.id))

    def change_password(self, principal: Principal, current: str, new: str) -> list[Revoked]:
        """Every other session and every device ends; returns the tokens that are no longer good.

        Raises:
            WrongCredentialsError: the current password is another one.
        """
        account_id = principal.account.id
        with self._database.reading() as connection:
            kept = connection.scalar(select(AccountRow.password_hash).where(AccountRow.id == account_id))
        if not is_password(current, kept):
            raise WrongCredentialsError
        hashed = hash_password(new)
        with self._database.writing() as connection:
            change(connection, account_id, password_hash=hashed)
            others = (CredentialRow.purpose == Purpose.SESSION) & (CredentialRow.id != principal.session_id)
            connection.execute(delete(CREDENTIAL).where(CredentialRow.account_id == account_id, others))
            return revoke(connection, account_id)

    def sign_out(self, principal: Principal) -> None:
        """End the session."""
        with self._database.writing() as connection:
            connection.execute(delete(CREDENTIAL).where(CREDENTIAL.c.id == principal.session_id))

    def principal(self, session_token: str) -> Principal | None:
        """Who has the session of this token; None where it was forged, is over, or its account is gone."""
        token_id = self._signers[Purpose.SESSION].token_id(session_token)
        if token_id is None:
            return None
        now = self._clock()
        valid = (CredentialRow.id == token_id, CredentialRow.purpose == Purpose.SESSION, CredentialRow.expires_at > now)
        query = select(ACCOUNT, CREDENTIAL.c.expires_at).join(CREDENTIAL, CredentialRow.account_id == AccountRow.id)
        with self._database.reading() as connection:
            row = connection.execute(query.where(*valid)).one_or_none()
        if row is None:
            return None
        if now - row.seen_at > SEEN_EVERY:
            # Who only reads is answered also where nothing can be written.
            with suppress(DatabaseUnavailableError), self._database.writing() as connection:
                change(connection, row.id, seen_at=now)
        return Principal(to_account(row), token_id, row.expires_at)

    def prolong(self, principal: Principal) -> timedelta | None:
        """Have a guest's session last anew once half of it is over; how long it lasts from now. None: a member's."""
        if principal.account.name is not None:
            return None
        now = self._clock()
        left = principal.ends_at - now
        if left <= SESSION_LIFE / 2:
            mine = CREDENTIAL.c.id == principal.session_id
            with suppress(DatabaseUnavailableError), self._database.writing() as connection:
                if connection.execute(update(CREDENTIAL).where(mine).values(expires_at=now + SESSION_LIFE)).rowcount:
                    return SESSION_LIFE
        return left

    def sessions_among(self, session_ids: Collection[str]) -> set[str]:
        """Those that have not ended."""
        going_on = (CredentialRow.id.in_(session_ids), CredentialRow.expires_at > self._clock())
        with self._database.reading() as connection:
            return set(connection.scalars(select(CredentialRow.id).where(*going_on)))

    def account(self, account_id: str) -> Account:
        """The account with this id."""
        with self._database.reading() as connection:
            return account_with(connection, account_id)

    def agreements(self, account_ids: Collection[str]) -> dict[str, bool]:
        """Of those whose account is there, whether their pictures may be looked at."""
        query = select(ACCOUNT).where(AccountRow.id.in_(account_ids))
        with self._database.reading() as connection:
            return {row.id: to_account(row).agrees for row in connection.execute(query)}

    def agree(self, account_id: str, version: int) -> Account:
        """Their pictures may be looked at from now on.

        Raises:
            ConsentOutdatedError: this is not what is asked for now.
        """
        if version != CONSENT_VERSION:
            raise ConsentOutdatedError(version, CONSENT_VERSION)
        with self._database.writing() as connection:
            change(connection, account_id, consent_version=version, consent_at=self._clock())
            return account_with(connection, account_id)

    def withdraw(self, account_id: str) -> tuple[Account, list[Revoked]]:
        """Their pictures may no longer be looked at: every device ends; returns the tokens that are no longer good."""
        with self._database.writing() as connection:
            change(connection, account_id, consent_version=None, consent_at=None)
            return account_with(connection, account_id), revoke(connection, account_id)

    def devices(self, account_id: str) -> list[Credential]:
        """The devices that may stream, the newest first."""
        with self._database.reading() as connection:
            return [each for each in devices_of(connection, account_id) if each.expires_at > self._clock()]

    def add_device(self, account_id: str, name: str, key: str = "") -> tuple[Credential, str]:
        """A new device and its token, which cannot be had again but with the idempotency key it was made with.

        Raises:
            ConsentMissingError: they do not agree to be looked at.
            TooManyDevicesError: there are `MAX_DEVICES` already.
            KeyReusedError: the key had made a device of another name, or one that was removed.
        """
        device_id = sha256(f"{account_id}\n{key}".encode()).hexdigest()[:32] if key else uuid4().hex
        with self._database.writing() as connection:
            # One at a time, and none while the consent is withdrawn.
            if not account_with(connection, account_id, hold=True).agrees:
                raise ConsentMissingError
            kept = devices_of(connection, account_id)
            made = next((each for each in kept if each.id == device_id), None)
            if was_revoked(connection, device_id) or (made and made.name != name):
                raise KeyReusedError(key)
            if made:
                return made, self._sign(Purpose.DEVICE, account_id, made)
            if len(kept) >= MAX_DEVICES:
                raise TooManyDevicesError(MAX_DEVICES)
            return self._issue(connection, account_id, Purpose.DEVICE, name, DEVICE_LIFE, device_id)

    def remove_device(self, account_id: str, device_id: str) -> list[Revoked]:
        """Its token is no longer good.

        Raises:
            NotFoundError: the account has no such device.
        """
        with self._database.writing() as connection:
            revoked = revoke(connection, account_id, device_id)
        if not revoked:
            raise NotFoundError("There is no such device.", "GET /v1/users/me/devices lists them.")
        return revoked

    def stream_token(self, account_id: str, life: timedelta) -> str:
        """A token for one stream that the gateway opens itself; it is not kept, and lives only for a while."""
        return self._signers[Purpose.DEVICE].sign(Claims(uuid4().hex, account_id, self._clock() + life))

    def delete(self, account_id: str) -> list[Revoked]:
        """Forget the account; returns the tokens that are no longer good. Nothing happens where it is gone already."""
        with self._database.erasing() as connection:
            revoked = revoke(connection, account_id)
            connection.execute(delete(ACCOUNT).where(AccountRow.id == account_id))
            upsert(connection, _FORGOTTEN, [{"id": account_id, "at": self._clock()}])
            return revoked

    def just_forgotten(self, ago: timedelta) -> list[str]:
        """Whose account was deleted at least so long ago, and who has not been `settle`d."""
        with self._database.reading() as connection:
            return list(connection.scalars(select(ForgottenRow.id).where(ForgottenRow.at <= self._clock() - ago)))

    def settle(self, user_id: str) -> None:
        """Nothing of them can come any more."""
        with self._database.writing() as connection:
            connection.execute(delete(_FORGOTTEN).where(ForgottenRow.id == user_id))

    def revoked(self) -> list[Revoked]:
        """Every token that others must still refuse."""
        now = self._clock()
        with self._database.writing() as connection:
            connection.execute(delete(REVOKED).where(RevokedTokenRow.expires_at <= now))
            connection.execute(delete(CREDENTIAL).where(CredentialRow.expires_at <= now))
            return [Revoked(*row) for row in connection.execute(select(RevokedTokenRow.id, RevokedTokenRow.expires_at))]

    def census(self) -> Census:
        """How many accounts there are."""
        query = select(func.count(), func.count(AccountRow.name)).select_from(ACCOUNT)
        with self._database.reading() as connection:
            everybody, members = connection.execute(query).one()
        return Census(guests=everybody - members, members=members)

    def idle_guests(self, idle: timedelta, most: int) -> list[str]:
        """Guests who have not been there for so long, at most so many."""
        gone = (AccountRow.name.is_(None), AccountRow.seen_at < self._clock() - idle)
        with self._database.reading() as connection:
            return list(connection.scalars(select(AccountRow.id).where(*gone).order_by(AccountRow.seen_at).limit(most)))

    def _admit(self, connection: Connection, account: Account) -> Admitted:
        _, token = self._issue(connection, account.id, Purpose.SESSION, "", SESSION_LIFE, uuid4().hex)
        return Admitted(account, token)

    def _issue(
        self, connection: Connection, account_id: str, purpose: Purpose, name: str, life: timedelta, new_id: str
    ) -> tuple[Credential, str]:
        now = self._clock()
        made = Credential(new_id, name, now, now + life)
        connection.execute(CREDENTIAL.insert().values(account_id=account_id, purpose=purpose, **made._asdict()))
        return made, self._sign(purpose, account_id, made)

    def _sign(self, purpose: Purpose, account_id: str, made: Credential) -> str:
        return self._signers[purpose].sign(Claims(made.id, account_id, made.expires_at))
