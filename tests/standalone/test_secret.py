"""The secret that a machine keeps for itself."""

import errno
import os
import resource
from pathlib import Path

import pytest

from standalone.secret import kept_secret


def test_it_is_made_once_for_its_owner_only(tmp_path: Path):
    secret = kept_secret(tmp_path / "secret")
    assert len(secret) >= 32
    assert kept_secret(tmp_path / "secret") == secret
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_system_without_hard_links_keeps_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def link(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    secret = kept_secret(tmp_path / "secret")
    assert kept_secret(tmp_path / "secret") == secret
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_one_that_could_not_be_written_is_made_when_there_is_room(tmp_path: Path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            kept_secret(tmp_path / "secret")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())
    assert kept_secret(tmp_path / "secret")


def test_an_empty_file_is_no_secret(tmp_path: Path):
    (tmp_path / "secret").touch()
    secret = kept_secret(tmp_path / "secret")
    assert secret
    assert kept_secret(tmp_path / "secret") == secret
