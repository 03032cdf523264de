"""What must end although the word that says so was lost: only the database knows."""

from collections.abc import Callable

import pytest

from services.gateway import recheck
from services.gateway.accounts.accounts import Accounts
from services.gateway.app import create_app
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from standalone.ports import free_ports
from tests.emotion.support import face_jpeg
from tests.gateway.test_faces import channel, closing, emotion_at, heard, person


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recheck, "RECHECK_S", 0.01)


@pytest.mark.parametrize(("act", "code"), [(Accounts.withdraw, 4403), (Accounts.delete, 4401)])
async def test_the_camera_ends_and_nobody_elses(
    guarded: GatewaySettings, act: Callable[[Accounts, str], object], code: int
):
    (emotion_port,) = free_ports(1)
    settings = guarded.model_copy(update={"emotion_address": f"127.0.0.1:{emotion_port}"})
    app = create_app(settings)
    async with serving(app, settings) as port, emotion_at(guarded.redis_url, emotion_port):
        url = f"127.0.0.1:{port}"
        async with (
            person(url) as ada,
            person(url) as grace,
            channel(url, ada) as first,
            channel(url, grace) as second,
        ):
            await heard(first, "welcome")
            act(app.state.accounts, (await ada.get("/v1/users/me")).json()["user_id"])
            assert (await closing(first))[0] == code
            await second.send(face_jpeg())
            assert (await heard(second, "reading"))["status"] == "ok"
