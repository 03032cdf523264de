"""Every key and channel in Redis: who writes it, who reads it, and whether it is of a person.

People, devices and operators reach none of them: Redis lets in only services, by its password.
"""

from typing import Final, NamedTuple


class Key(NamedTuple):
    """What a key or channel is."""

    writers: str
    readers: str
    of_person: bool = False
    """Named after a user, and so to be deleted with them."""
    lasts: bool = False
    """Has no time to live of its own."""


KEYS: Final = {
    "emoverse:v1:mood:": Key("emotion", "emotion, recommender, gateway", of_person=True),
    "emoverse:v1:face:": Key("emotion", "emotion", of_person=True),
    "emoverse:v1:person:": Key("recommender", "recommender", of_person=True),
    "emoverse:v1:journey:": Key("recommender", "recommender", of_person=True),
    "emoverse:v1:spotify:": Key("gateway", "gateway", of_person=True),
    "emoverse:v1:queued:": Key("gateway", "gateway"),
    "emoverse:v1:session:": Key("emotion", "emotion"),
    "emoverse:v1:claim:": Key("recommender", "recommender"),
    "emoverse:v1:revoked:tokens": Key("gateway", "emotion"),
    "emoverse:v1:attempts": Key("gateway", "gateway"),
    "emoverse:v1:emotion-workers": Key("emotion", "emotion"),
    "emoverse:v1:tasks": Key("recommender, worker, beat", "recommender", lasts=True),
    "emoverse:v1:task:": Key("recommender, worker, beat", "recommender"),
    "emoverse:v1:beat": Key("beat", "beat"),
    # Celery's own.
    "emoverse.light": Key("recommender, beat", "worker", lasts=True),
    "emoverse.heavy": Key("recommender, beat", "worker", lasts=True),
    "_kombu.binding": Key("worker", "worker", lasts=True),
    "unacked": Key("worker", "worker", lasts=True),
}
"""By how they begin; one that begins like another stands before it."""

CHANNELS: Final = {
    "emoverse:v1:moods": Key("emotion", "recommender, gateway"),
    "emoverse:v1:recommendations": Key("recommender", "gateway"),
    "emoverse:v1:stops": Key("gateway", "emotion, gateway"),
}
