import json
import logging

import pytest
import stamina
import structlog

from servicekit.logs import configure_logging


def test_both_kinds_of_records_become_json_with_the_services_name(capsys: pytest.CaptureFixture[str]):
    configure_logging("teapot", log_format="json")
    structlog.get_logger().info("boiling", celsius=100)
    logging.getLogger("some.library").warning("steam")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["service"], line["level"], line["event"]) for line in lines] == [
        ("teapot", "info", "boiling"),
        ("teapot", "warning", "steam"),
    ]
    assert lines[0]["celsius"] == 100


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_never_shows_local_variables(capsys: pytest.CaptureFixture[str], log_format: str):
    configure_logging("teapot", log_format="json" if log_format == "json" else "console")

    def fail() -> None:
        picture = b"secret pixels"
        raise ValueError(len(picture))

    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("failed")
    error = capsys.readouterr().err
    assert "ValueError: 13" in error
    assert "secret pixels" not in error.replace('picture = b"secret pixels"', "")


def test_an_outage_is_told_once(capsys: pytest.CaptureFixture[str]):
    configure_logging("teapot")
    failures = 0

    @stamina.retry(on=OSError, attempts=4)
    def pour() -> None:
        nonlocal failures
        failures += 1
        raise OSError("empty")

    with stamina.set_testing(True, attempts=4), pytest.raises(OSError, match="empty"):
        pour()
    assert failures == 4
    assert capsys.readouterr().err.count("failed, trying again") == 1


def test_below_the_level_nothing_is_written(capsys: pytest.CaptureFixture[str]):
    configure_logging("teapot", level="WARNING")
    structlog.get_logger().info("quiet")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize("library", [False, True])
def test_what_somebody_sent_stays_within_its_line(capsys: pytest.CaptureFixture[str], log_format: str, library: bool):
    configure_logging("teapot", log_format="json" if log_format == "json" else "console")
    sent = "x\r\n2026-01-01 [info] deleted user_id=ada\x1b[2J\u2028\x85"
    if library:
        logging.getLogger("some.library").warning("refused %s", sent)
    else:
        structlog.get_logger().warning(sent, path=sent)
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert "\x1b[2J" not in error
    assert "[info] deleted" in error
