"""Devices that may stream as a person, over HTTP."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Path

from contracts.events import StopReason
from services.gateway.access import ACCESS_PROBLEMS, OwnedId
from services.gateway.accounts.dependencies import AccountsDep, OffloadDep, StopsDep, account_router
from services.gateway.accounts.models import Device, Devices, DeviceWithToken, NewDevice
from services.gateway.accounts.stops import audit
from services.gateway.models import IdempotencyHeader
from services.gateway.problems import WRITE_PROBLEMS, problem_responses

router = account_router()


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
