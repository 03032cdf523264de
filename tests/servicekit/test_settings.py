from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AfterValidator, Field, FilePath
from pydantic_settings import SettingsConfigDict

from servicekit.settings import ServiceSettings, load_settings


class TeapotSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TEAPOT_")

    port: int = Field(default=4000, ge=0, le=65535)
    pin: str = ""


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


def test_settings_that_do_not_fit_each_other_are_named_without_anybodys_values(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "teapot_pin").write_text("planted in a file")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("REDIS_URL", "redis://:planted@redis:6379/0")
    monkeypatch.setenv("TLS_CA_FILE", "/etc/hostname")
    with pytest.raises(SystemExit) as caught:
        load_settings(TeapotSettings)
    assert caught.value.code == 2
    message = capsys.readouterr().err
    assert "TLS_CERTIFICATE_FILE" in message
    assert "planted" not in message


class KettleSettings(ServiceSettings):
    lid: FilePath


def test_a_file_whose_name_is_too_long_is_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("LID", "x" * 5000)
    with pytest.raises(SystemExit) as caught:
        load_settings(KettleSettings)
    assert caught.value.code == 2
    assert "too long" in capsys.readouterr().err


def test_a_setting_may_come_from_a_secret_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "redis_url").write_text("redis://:hidden@redis:6379/0\n")
    (tmp_path / "teapot_port").write_text("4002")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.delenv("REDIS_URL", raising=False)
    settings = load_settings(TeapotSettings)
    assert (settings.port, settings.redis_url) == (4002, "redis://:hidden@redis:6379/0")


def test_the_environment_goes_before_a_secret_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "teapot_port").write_text("4002")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("TEAPOT_PORT", "4003")
    assert load_settings(TeapotSettings).port == 4003


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEAPOT_PORT", "")
    assert load_settings(TeapotSettings).port == 4000


@pytest.mark.parametrize("kind", ["folder", "empty"])
def test_a_secret_that_holds_nothing_ends_the_service_instead_of_leaving_it_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
):
    secret = tmp_path / "token_secret"
    if kind == "folder":
        secret.mkdir()
    else:
        secret.touch()
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    with pytest.raises(SystemExit):
        load_settings(ServiceSettings)
    assert f"{secret} holds no secret" in capsys.readouterr().err


def test_a_folder_of_secrets_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "gone"))
    with pytest.raises(SystemExit) as caught:
        load_settings(TeapotSettings)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("SECRETS_DIR: ")


def refuse(value: str) -> str:
    raise ValueError("not a URL that can be used")


class SafeSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SAFE_")

    token_secret: str = Field(default="0" * 32, min_length=32)
    store_url: Annotated[str, AfterValidator(refuse)] = ""


@pytest.mark.parametrize("variable", ["SAFE_TOKEN_SECRET", "SAFE_STORE_URL"])
def test_a_wrong_secret_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str
):
    monkeypatch.setenv(variable, "hunter2")
    with pytest.raises(SystemExit):
        load_settings(SafeSettings)
    message = capsys.readouterr().err
    assert message.startswith(f"{variable}: ")
    assert "hunter2" not in message
