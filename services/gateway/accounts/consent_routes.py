"""What a person agrees to, over HTTP."""

from http import HTTPStatus

from contracts.events import StopReason
from services.gateway.access import ACCESS_PROBLEMS, OwnedId
from services.gateway.accounts.dependencies import AccountsDep, OffloadDep, StopsDep, account_router
from services.gateway.accounts.models import Agreement, Me
from services.gateway.accounts.stops import audit
from services.gateway.problems import WRITE_PROBLEMS, problem_responses

router = account_router()


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
