"""What a person agrees to before any picture is looked at."""

from typing import Final, NamedTuple


class Statement(NamedTuple):
    """One thing to agree to."""

    code: str
    text: str


CONSENT_VERSION: Final = 1
"""Raised with every change of meaning; who agreed to an earlier version is asked again."""

STATEMENTS: Final = (
    Statement("what", "Pictures from your camera are sent to this service, which looks for faces and reads emotions."),
    Statement("kept", "No picture is ever stored. Your mood and what you say about items are kept in your profile."),
    Statement("use", "Your mood is used to choose what to recommend to you, and for nothing else."),
    Statement("limits", "Readings can be wrong, and are no medical advice."),
    Statement("control", "You can stop at any time, take a copy of your data, and delete all of it."),
)
