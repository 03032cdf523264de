"""What is kept of a person, over HTTP: handed over, and deleted."""

from http import HTTPStatus

from fastapi import Request, Response

from services.gateway.access import ACCESS_PROBLEMS, OwnedId, PossiblePrincipal, clear_session
from services.gateway.accounts.dependencies import AccountsDep, ForgettingDep, OffloadDep, account_router
from services.gateway.accounts.device_routes import get_devices
from services.gateway.accounts.models import Export
from services.gateway.accounts.session_routes import person_of
from services.gateway.accounts.stops import audit
from services.gateway.problems import problem_responses
from services.gateway.spotify.opening import SpotifyThreads

router = account_router()


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
    account = await person_of(user_id, accounts, offload)
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
