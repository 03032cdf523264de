"""The gateway with certificates: HTTPS to browsers, and TLS on both sides to the services inside."""

from pathlib import Path

import httpx
import pytest

from contracts.pb.emoverse.v1 import recommender_pb2_grpc as pb_grpc
from servicekit.grpc_server import create_server
from servicekit.grpc_server import serving as serving_grpc
from servicekit.tls import Tls
from services.gateway.app import create_app
from services.gateway.recommender import SERVICE_NAME
from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from tests.certificates import Authority
from tests.gateway.stand_ins import FakeRecommender


async def test_https_outside_and_certificates_on_both_sides_inside(guarded: GatewaySettings, tmp_path: Path):
    ours = Authority(tmp_path / "ours")
    outside, inside, server_pair = ours.vouch("127.0.0.1"), ours.vouch("gateway"), ours.vouch("localhost")
    server, health = await create_server(SERVICE_NAME)
    pb_grpc.add_RecommenderServiceServicer_to_server(FakeRecommender(), server)
    await health.set_serving(True)
    tls = Tls(ours.ca_file, server_pair.certificate, server_pair.key)
    async with serving_grpc(server, "127.0.0.1:0", "RECOMMENDER_PORT", tls) as recommender:
        chosen = {
            "recommender_address": f"localhost:{recommender}",
            "tls_certificate": outside.certificate,
            "tls_key": outside.key,
            "tls_ca_file": ours.ca_file,
            "tls_certificate_file": inside.certificate,
            "tls_key_file": inside.key,
        }
        settings = guarded.model_copy(update=chosen)
        async with serving(create_app(settings), settings) as port:
            url = f"https://127.0.0.1:{port}"
            async with httpx.AsyncClient(base_url=url, verify=ours.trusted(), timeout=30) as client:
                begun = (await client.post("/v1/guests")).raise_for_status()
                assert "Secure" in begun.headers["set-cookie"]
                assert begun.headers["strict-transport-security"]
                picks = await client.get("/v1/users/me/recommendations", params={"kind": "music"})
                assert picks.raise_for_status().json()["picks"]
            async with httpx.AsyncClient(base_url=url, timeout=30) as stranger:
                with pytest.raises(httpx.ConnectError):
                    await stranger.get("/health/live")
            async with httpx.AsyncClient(base_url=url.replace("https", "http"), timeout=30) as plain:
                with pytest.raises(httpx.HTTPError):
                    await plain.get("/health/live")


def test_a_certificate_without_its_key_is_a_wrong_setting(tmp_path: Path):
    pair = Authority(tmp_path / "ours").vouch("gateway")
    with pytest.raises(ValueError, match="GATEWAY_TLS_KEY"):
        GatewaySettings(tls_certificate=pair.certificate)
