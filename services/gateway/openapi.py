"""The OpenAPI document, with problems under their own media type."""

from typing import Any

from fastapi import FastAPI

from services.gateway.problems import MEDIA_TYPE


def install(app: FastAPI) -> None:
    """Have the app describe its problem responses as application/problem+json, which FastAPI has no option for."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _move_problems(generate())
        return generate()

    app.openapi = openapi


def _move_problems(document: dict[str, Any]) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    for operation in operations:
        for status, response in operation["responses"].items():
            if int(status) >= 400:  # noqa: PLR2004  (where HTTP's errors begin)
                (media,) = response["content"].values()
                response["content"] = {MEDIA_TYPE: media}
