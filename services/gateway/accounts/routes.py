"""Everything about accounts over HTTP."""

from fastapi import APIRouter

from services.gateway.accounts import consent_routes, device_routes, person_data_routes, session_routes
from services.gateway.problems import READ_PROBLEMS

router = APIRouter(prefix="/v1", tags=["account"], responses=READ_PROBLEMS)
for each in (session_routes, consent_routes, device_routes, person_data_routes):
    router.include_router(each.router)
