"""The OpenAPI document is complete, valid, and true."""

from typing import Any

import httpx
import pytest
from fastapi.openapi.models import OpenAPI
from jsonschema import Draft202012Validator
from redis.asyncio import Redis

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.gateway.stand_ins import mood_event, remember

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Document:
    return create_app(GatewaySettings()).openapi()


def operations(document: Document) -> list[Document]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def check(document: Document, schema: Document, instance: object) -> None:
    """Raise unless the instance fits the schema, whose references point into the document."""
    validator = Draft202012Validator(
        schema | {"components": document["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    validator.validate(instance)


def test_it_follows_the_specification(document: Document):
    OpenAPI.model_validate(document)
    assert document["openapi"].startswith("3.1")


def test_every_schema_is_json_schema(document: Document):
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_operations_are_named_for_generated_clients(document: Document):
    assert {operation["operationId"] for operation in operations(document)} == {
        "getLiveness",
        "getReadiness",
        "getSettings",
        "beginAsGuest",
        "signIn",
        "signOut",
        "getPerson",
        "signUp",
        "changePassword",
        "giveConsent",
        "withdrawConsent",
        "getDevices",
        "addDevice",
        "removeDevice",
        "exportPerson",
        "deletePerson",
        "readPicture",
        "connectSpotify",
        "comeBackFromSpotify",
        "getSpotify",
        "disconnectSpotify",
        "playOnSpotify",
        "queueOnSpotify",
        "pauseSpotify",
        "skipOnSpotify",
        "getStatus",
        "getWorkers",
        "getTasks",
        "recomputeClusters",
        "importFile",
        "uploadFile",
        "getMood",
        "getMoods",
        "forgetMoods",
        "getRecommendations",
        "giveFeedback",
        "getFeedback",
        "undoFeedback",
        "getTaste",
        "correctTaste",
        "correctMood",
        "addReview",
        "getKinds",
        "getSongClusters",
        "getClusters",
        "getClusterPicture",
        "getLive",
    }
    assert all(operation["summary"] and operation["description"] for operation in operations(document))


def test_every_error_is_a_problem(document: Document):
    for operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_examples_fit_their_schemas(document: Document):
    for schema in document["components"]["schemas"].values():
        for example in schema.get("examples", []):
            check(document, schema, example)
        for part in schema.get("properties", {}).values():
            for example in part.get("examples", []):
                check(document, part, example)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/users/ada/mood", "/v1/users/{user_id}/mood"),
        ("/v1/users/ada/recommendations?kind=game&mood=sad", "/v1/users/{user_id}/recommendations"),
        ("/v1/kinds", "/v1/kinds"),
        ("/v1/clusters/music", "/v1/clusters/{kind}"),
        ("/v1/clusters/game", "/v1/clusters/{kind}"),
        ("/health/ready", "/health/ready"),
        ("/v1/users/nobody/mood", "/v1/users/{user_id}/mood"),
        ("/v1/users/ada/recommendations?kind=holiday", "/v1/users/{user_id}/recommendations"),
    ],
)
async def test_responses_fit_their_schemas(
    client: httpx.AsyncClient, redis: Redis, document: Document, path: str, route: str
):
    await remember(redis, mood_event())
    response = await client.get(path)
    described = document["paths"][route]["get"]["responses"][str(response.status_code)]
    media = described["content"][response.headers["content-type"]]
    check(document, media["schema"], response.json())
