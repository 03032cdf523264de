"""The bodies of the routes about accounts."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, SecretStr, StringConstraints

from contracts.events import Identifier
from services.gateway.accounts.consent import CONSENT_VERSION, STATEMENTS
from services.gateway.accounts.records import Account, Credential
from services.gateway.request_body import RequestBody

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.@-]{3,64}$")]
"""3..64 of letters, digits, '.', '_', '-' and '@'; upper and lower case are the same."""

Password = Annotated[SecretStr, Field(min_length=10, max_length=128, examples=["correct horse battery"])]

# PostgreSQL stores no NUL character.
DeviceName = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]


class AccountKind(StrEnum):
    """What kind of account."""

    GUEST = "guest"
    MEMBER = "member"
    OPERATOR = "operator"
    LOCAL = "local"
    """No account: a name that somebody on this machine chose."""


class ConsentView(BaseModel):
    """What somebody agreed to, and when."""

    version: int
    given_at: datetime


class Me(BaseModel):
    """An account."""

    user_id: Identifier
    kind: AccountKind
    name: str | None = None
    consent: Annotated[
        ConsentView | None, Field(description="null: no picture is looked at; an earlier version counts as null")
    ] = None
    created_at: datetime | None = None

    @classmethod
    def of(cls, account: Account) -> Self:
        """The account as its owner sees it."""
        member = AccountKind.MEMBER if account.name else AccountKind.GUEST
        kind = AccountKind.OPERATOR if account.is_operator else member
        agreed = account.agrees and account.consent_at
        consent = ConsentView(version=CONSENT_VERSION, given_at=agreed) if agreed else None
        return cls(user_id=account.id, kind=kind, name=account.name, consent=consent, created_at=account.created_at)


class StatementView(BaseModel):
    """One thing to agree to."""

    code: Annotated[str, Field(description="Stable; translate by it", examples=["kept"])]
    text: str


class ConsentTerms(BaseModel):
    """What a person agrees to before any picture is looked at."""

    version: int
    statements: list[StatementView]

    @classmethod
    def current(cls) -> Self:
        """The terms as they are now."""
        return cls(version=CONSENT_VERSION, statements=[StatementView(**each._asdict()) for each in STATEMENTS])


class PublicSettings(BaseModel):
    """What a page must know before anybody has a session."""

    consent: ConsentTerms
    spotify: Annotated[bool, Field(description="Whether Spotify can be connected")]
    demo_user: Annotated[Identifier | None, Field(description="A drawn person whom anybody here may watch")]
    open: Annotated[bool, Field(description="This machine only: names that are no account's need no session")]


class Login(RequestBody):
    """A name and its password."""

    name: Annotated[Name, Field(examples=["ada"])]
    password: Password


class PasswordChange(RequestBody):
    """The password as it is, and as it shall be."""

    current: Annotated[SecretStr, Field(max_length=128)]
    new: Password


class Agreement(RequestBody):
    """What somebody agrees to."""

    version: Annotated[int, Field(ge=1, description="Of the terms they have read", examples=[1])]


class NewDevice(RequestBody):
    """A device that shall stream."""

    name: Annotated[DeviceName, Field(examples=["desk camera"])]


class Device(BaseModel):
    """A device that may stream as this person."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, credential: Credential) -> Self:
        """The device a credential is for."""
        return cls(**credential._asdict())


class Devices(BaseModel):
    """All of a person's devices; there are never more than 20, so that they come at once."""

    devices: list[Device]


class DeviceWithToken(BaseModel):
    """A new device."""

    device: Device
    token: Annotated[str, Field(description="Give it to the capture client; it is not shown again")]


class Export(BaseModel):
    """Everything that is kept of a person."""

    account: Me
    devices: list[Device]
    mood: Annotated[dict[str, Any] | None, Field(description="The latest, while it is fresh")]
    moods: Annotated[list[dict[str, Any]], Field(description="The last of each minute, of a week")]
    spotify: Annotated[dict[str, Any] | None, Field(description="Who they are there; the tokens are not handed over")]
    recommender: Annotated[dict[str, Any], Field(description="What they said and did, and what they were shown")]
