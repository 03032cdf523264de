"""What the body of every request has in common."""

from pydantic import BaseModel, ConfigDict


class RequestBody(BaseModel):
    """The body of a request, which has no fields but its own."""

    # A misspelt field would otherwise be dropped without a word.
    model_config = ConfigDict(extra="forbid")
