import pytest
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from servicekit.settings import ServiceSettings, load_settings


class TeapotSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TEAPOT_")

    port: int = Field(default=4000, ge=0, le=65535)


def test_a_service_reads_its_prefix_and_the_shared_names(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEAPOT_PORT", "4001")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere:1/2")
    settings = load_settings(TeapotSettings)
    assert (settings.port, settings.redis_url) == (4001, "redis://elsewhere:1/2")


@pytest.mark.parametrize(
    ("variable", "value"), [("TEAPOT_PORT", "hot"), ("TEAPOT_PORT", "70000"), ("LOG_FORMAT", "xml")]
)
def test_a_wrong_setting_is_named_with_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, value: str
):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as caught:
        load_settings(TeapotSettings)
    assert caught.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith(f"{variable}: ")
    assert value in message
