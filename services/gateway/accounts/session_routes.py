"""What a page must know first, beginning, signing in and up, and who somebody is, over HTTP."""

from datetime import timedelta
from http import HTTPStatus

from fastapi import Request, Response

from contracts.events import StopReason
from servicekit.database import Offloader
from services.gateway.access import (
    ACCESS_PROBLEMS,
    COOKIE,
    OwnedId,
    PossiblePrincipal,
    SignedIn,
    clear_session,
    is_account,
    set_session,
)
from services.gateway.accounts.accounts import SESSION_LIFE, Accounts
from services.gateway.accounts.attempts import Action
from services.gateway.accounts.dependencies import (
    AccountsDep,
    AttemptsDep,
    OffloadDep,
    StopsDep,
    account_router,
    address_of,
)
from services.gateway.accounts.models import AccountKind, ConsentTerms, Login, Me, PasswordChange, PublicSettings
from services.gateway.accounts.records import Admitted
from services.gateway.accounts.stops import audit
from services.gateway.problems import WRITE_PROBLEMS

router = account_router()


def _welcome(request: Request, response: Response, admitted: Admitted, action: str) -> Me:
    _keep(request, response, admitted.token, SESSION_LIFE)
    audit(action, admitted.account.id)
    return Me.of(admitted.account)


def _keep(request: Request, response: Response, token: str, life: timedelta) -> None:
    set_session(request, response, token, round(life.total_seconds()))


@router.get("/settings", operation_id="getSettings", summary="What a page must know first")
async def get_settings(request: Request) -> PublicSettings:
    """Needs no session."""
    settings = request.app.state.settings
    return PublicSettings(
        consent=ConsentTerms.current(),
        spotify=settings.spotify_client_id is not None,
        demo_user=settings.demo_user,
        open=settings.open,
    )


@router.post(
    "/guests",
    operation_id="beginAsGuest",
    summary="Begin at once, without a name",
    status_code=HTTPStatus.CREATED,
    responses=WRITE_PROBLEMS | {200: {"model": Me, "description": "There is a session already"}},
)
async def begin_as_guest(
    request: Request, response: Response, who: PossiblePrincipal, accounts: AccountsDep, offload: OffloadDep,
    attempts: AttemptsDep,
) -> Me:  # fmt: skip
    """Sets the session's cookie. With a session already, nothing changes."""
    if who:
        response.status_code = HTTPStatus.OK
        return Me.of(who.account)
    await attempts.note(Action.BEGIN_AS_GUEST, address_of(request))
    return _welcome(request, response, await offload(accounts.add_guest), "began_as_guest")


@router.post("/session", operation_id="signIn", summary="Sign in", responses=WRITE_PROBLEMS | ACCESS_PROBLEMS)
async def sign_in(
    login: Login, request: Request, response: Response, who: PossiblePrincipal, accounts: AccountsDep,
    offload: OffloadDep, attempts: AttemptsDep,
) -> Me:  # fmt: skip
    """Sets the session's cookie; a session that it held of somebody else ends. Attempts are limited, by name and by
    address."""
    await attempts.note(Action.SIGN_IN_FROM, address_of(request))
    await attempts.note(Action.SIGN_IN_AS, login.name.lower())
    admitted = await offload(accounts.sign_in, login.name, login.password.get_secret_value(), who)
    return _welcome(request, response, admitted, "signed_in")


@router.delete(
    "/session", operation_id="signOut", summary="Sign out", status_code=HTTPStatus.NO_CONTENT, responses=ACCESS_PROBLEMS
)
async def sign_out(
    request: Request, response: Response, who: SignedIn, accounts: AccountsDep, offload: OffloadDep
) -> None:
    """Ends this session. A guest who signs out cannot come back."""
    await offload(accounts.sign_out, who)
    clear_session(request, response)
    audit("signed_out", who.account.id)


async def person_of(user_id: str, accounts: Accounts, offload: Offloader) -> Me:
    """Who somebody is."""
    if not is_account(user_id):
        return Me(user_id=user_id, kind=AccountKind.LOCAL)
    return Me.of(await offload(accounts.account, user_id))


@router.get("/users/{user_id}", operation_id="getPerson", summary="Who somebody is", responses=ACCESS_PROBLEMS)
async def get_person(
    user_id: OwnedId, who: PossiblePrincipal, request: Request, response: Response, accounts: AccountsDep,
    offload: OffloadDep,
) -> Me:  # fmt: skip
    """`me` tells who you are."""
    person = await person_of(user_id, accounts, offload)
    # Each time: the reply that told of a longer life may have been lost.
    if who and (life := await offload(accounts.prolong, who)):
        _keep(request, response, request.cookies[COOKIE], life)
    return person


@router.put(
    "/users/me/login",
    operation_id="signUp",
    summary="Keep this profile under a name",
    responses=WRITE_PROBLEMS | ACCESS_PROBLEMS,
)
async def sign_up(
    login: Login, request: Request, response: Response, who: SignedIn, accounts: AccountsDep, offload: OffloadDep,
    attempts: AttemptsDep,
) -> Me:  # fmt: skip
    """A guest gets a name and a password, and keeps everything. Attempts are limited, by address."""
    await attempts.note(Action.SIGN_UP_FROM, address_of(request))
    admitted = await offload(accounts.sign_up, who, login.name, login.password.get_secret_value())
    return _welcome(request, response, admitted, "signed_up")


@router.put(
    "/users/me/password",
    operation_id="changePassword",
    summary="Change the password",
    status_code=HTTPStatus.NO_CONTENT,
    responses=WRITE_PROBLEMS | ACCESS_PROBLEMS,
)
async def change_password(
    change: PasswordChange, who: SignedIn, accounts: AccountsDep, offload: OffloadDep, attempts: AttemptsDep,
    stops: StopsDep,
) -> None:  # fmt: skip
    """Every other session and every device ends."""
    await attempts.note(Action.SIGN_IN_AS, who.account.name or who.account.id)
    current, new = change.current.get_secret_value(), change.new.get_secret_value()
    revoked = await offload(accounts.change_password, who, current, new)
    audit("changed_password", who.account.id)
    await stops.stop(who.account.id, StopReason.REVOKED, revoked)
