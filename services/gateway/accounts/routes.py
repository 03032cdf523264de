"""Everything about accounts over HTTP."""

from fastapi import APIRouter

from services.gateway.accounts import consent_routes, device_routes, person_data_routes, session_routes

router = APIRouter()
for each in (session_routes, consent_routes, device_routes, person_data_routes):
    router.include_router(each.router)
