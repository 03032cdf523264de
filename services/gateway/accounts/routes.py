"""Sessions, consent and devices over HTTP."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from contracts.events import StopReason
from servicekit.database import Offloader
from services.gateway.access import (
    ACCESS_PROBLEMS,
    OwnedId,
    PossiblePrincipal,
    SignedIn,
    clear_session,
    is_account,
    set_session,
)
from services.gateway.accounts.accounts import SESSION_LIFE, Accounts
from services.gateway.accounts.attempts import Action, Attempts
from services.gateway.accounts.errors import ConsentMissingError
from services.gateway.accounts.forgetting import Forgetting
from services.gateway.accounts.models import (
    AccountKind,
    Agreement,
    ConsentTerms,
    Device,
    Devices,
    DeviceWithToken,
    Export,
    Login,
    Me,
    NewDevice,
    PasswordChange,
    PublicSettings,
)
from services.gateway.accounts.records import Admitted
from services.gateway.accounts.stops import Stops, audit
from services.gateway.models import IdempotencyHeader
from services.gateway.problems import READ_PROBLEMS, WRITE_PROBLEMS, problem_responses
from services.gateway.spotify.opening import SpotifyThreads

router = APIRouter(prefix="/v1", tags=["account"], responses=READ_PROBLEMS)


def _accounts(request: Request) -> Accounts:
    return request.app.state.accounts


def _offload(request: Request) -> Offloader:
    return request.app.state.offload


def _attempts(request: Request) -> Attempts:
    return request.app.state.attempts


def _stops(request: Request) -> Stops:
    return request.app.state.stops


def _forgetting(request: Request) -> Forgetting:
    return request.app.state.forgetting


AccountsDep = Annotated[Accounts, Depends(_accounts)]
OffloadDep = Annotated[Offloader, Depends(_offload)]
AttemptsDep = Annotated[Attempts, Depends(_attempts)]
ForgettingDep = Annotated[Forgetting, Depends(_forgetting)]
StopsDep = Annotated[Stops, Depends(_stops)]


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _welcome(request: Request, response: Response, admitted: Admitted, action: str) -> Me:
    set_session(request, response, admitted.token, round(SESSION_LIFE.total_seconds()))
    audit(action, admitted.account.id)
    return Me.of(admitted.account)


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
    await attempts.note(Action.BEGIN_AS_GUEST, _address(request))
    return _welcome(request, response, await offload(accounts.add_guest), "began_as_guest")


@router.post("/session", operation_id="signIn", summary="Sign in", responses=WRITE_PROBLEMS | ACCESS_PROBLEMS)
async def sign_in(
    login: Login, request: Request, response: Response, accounts: AccountsDep, offload: OffloadDep,
    attempts: AttemptsDep,
) -> Me:  # fmt: skip
    """Sets the session's cookie. Attempts are limited, by name and by address."""
    await attempts.note(Action.SIGN_IN_FROM, _address(request))
    await attempts.note(Action.SIGN_IN_AS, login.name.lower())
    admitted = await offload(accounts.sign_in, login.name, login.password.get_secret_value())
    return _welcome(request, response, admitted, "signed_in")


@router.delete(
    "/session",
    operation_id="signOut",
    summary="Sign out",
    status_code=HTTPStatus.NO_CONTENT,
    responses=ACCESS_PROBLEMS,
)
async def sign_out(
    request: Request, response: Response, who: SignedIn, accounts: AccountsDep, offload: OffloadDep
) -> None:
    """Ends this session. A guest who signs out cannot come back."""
    await offload(accounts.sign_out, who)
    clear_session(request, response)
    audit("signed_out", who.account.id)


@router.get("/users/{user_id}", operation_id="getPerson", summary="Who somebody is", responses=ACCESS_PROBLEMS)
async def get_person(user_id: OwnedId, accounts: AccountsDep, offload: OffloadDep) -> Me:
    """`me` tells who you are."""
    if not is_account(user_id):
        return Me(user_id=user_id, kind=AccountKind.LOCAL)
    return Me.of(await offload(accounts.account, user_id))


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
    await attempts.note(Action.SIGN_UP_FROM, _address(request))
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


@router.put(
    "/users/{user_id}/consent",
    operation_id="giveConsent",
    summary="Agree that pictures are looked at",
    responses=WRITE_PROBLEMS | ACCESS_PROBLEMS,
)
async def give_consent(user_id: OwnedId, agreement: Agreement, accounts: AccountsDep, offload: OffloadDep) -> Me:
    """No picture is accepted before."""
    account = await offload(accounts.agree, user_id, agreement.version)
    audit("gave_consent", user_id)
    return Me.of(account)


@router.delete(
    "/users/{user_id}/consent",
    operation_id="withdrawConsent",
    summary="No longer agree",
    responses=ACCESS_PROBLEMS | problem_responses(HTTPStatus.NOT_FOUND),
)
async def withdraw_consent(user_id: OwnedId, accounts: AccountsDep, offload: OffloadDep, stops: StopsDep) -> Me:
    """Every stream stops at once, and every device's token ends. What is known stays until it is deleted."""
    account, revoked = await offload(accounts.withdraw, user_id)
    audit("withdrew_consent", user_id)
    await stops.stop(user_id, StopReason.WITHDRAWN, revoked)
    return Me.of(account)


@router.get(
    "/users/{user_id}/devices", operation_id="getDevices", summary="Devices that may stream", responses=ACCESS_PROBLEMS
)
async def get_devices(user_id: OwnedId, accounts: AccountsDep, offload: OffloadDep) -> Devices:
    """The newest first."""
    return Devices(devices=[Device.of(each) for each in await offload(accounts.devices, user_id)])


@router.post(
    "/users/{user_id}/devices",
    operation_id="addDevice",
    summary="Let a device stream",
    status_code=HTTPStatus.CREATED,
    responses=WRITE_PROBLEMS | ACCESS_PROBLEMS,
)
async def add_device(
    user_id: OwnedId, device: NewDevice, accounts: AccountsDep, offload: OffloadDep,
    idempotency_key: IdempotencyHeader = None,
) -> DeviceWithToken:  # fmt: skip
    """Its token is shown once, and to whoever repeats the request with its key. Needs the consent of whom it will look
    at."""
    if not (await offload(accounts.account, user_id)).agrees:
        raise ConsentMissingError
    made, token = await offload(accounts.add_device, user_id, device.name, idempotency_key or "")
    audit("added_device", user_id)
    return DeviceWithToken(device=Device.of(made), token=token)


@router.delete(
    "/users/{user_id}/devices/{device_id}",
    operation_id="removeDevice",
    summary="Take a device's token back",
    status_code=HTTPStatus.NO_CONTENT,
    responses=ACCESS_PROBLEMS | problem_responses(HTTPStatus.NOT_FOUND),
)
async def remove_device(
    user_id: OwnedId,
    device_id: Annotated[str, Path(pattern="^[0-9a-f]{32}$")],
    accounts: AccountsDep,
    offload: OffloadDep,
    stops: StopsDep,
) -> None:
    """Its stream stops at once."""
    revoked = await offload(accounts.remove_device, user_id, device_id)
    audit("removed_device", user_id)
    await stops.stop(user_id, StopReason.REVOKED, revoked, token_id=device_id)


@router.get(
    "/users/{user_id}/export",
    operation_id="exportPerson",
    summary="Everything that is kept of a person",
    responses=ACCESS_PROBLEMS | problem_responses(HTTPStatus.NOT_FOUND),
)
async def export_person(
    user_id: OwnedId, request: Request, response: Response, accounts: AccountsDep, offload: OffloadDep,
    forgetting: ForgettingDep,
) -> Export:  # fmt: skip
    """As JSON to keep, from every service. Pictures are not among it: none is ever kept."""
    account = await get_person(user_id, accounts, offload)
    devices = await get_devices(user_id, accounts, offload)
    mood, recommender = await forgetting.kept_elsewhere(user_id)
    moods = await request.app.state.diary.notes(user_id)
    spotify: SpotifyThreads = request.app.state.spotify
    profile = await spotify.offload(spotify.player.profile, user_id) if spotify.is_configured else None
    response.headers["Content-Disposition"] = 'attachment; filename="emoverse.json"'
    audit("exported", user_id)
    connected = {"connected": True, **profile._asdict()} if profile else None
    return Export(
        account=account,
        devices=devices.devices,
        mood=mood,
        moods=[note._asdict() for note in moods],
        spotify=connected,
        recommender=recommender,
    )


@router.delete(
    "/users/{user_id}",
    operation_id="deletePerson",
    summary="Forget a person",
    status_code=HTTPStatus.NO_CONTENT,
    responses=ACCESS_PROBLEMS,
)
async def delete_person(
    user_id: OwnedId, request: Request, response: Response, who: PossiblePrincipal, forgetting: ForgettingDep
) -> None:
    """Streams stop, and everything in every service is deleted, the account as well. Answers when it is done."""
    await forgetting.forget(user_id)
    if who and who.account.id == user_id:
        clear_session(request, response)
