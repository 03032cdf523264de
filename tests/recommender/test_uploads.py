"""Files that operators send, over real gRPC, into a real folder."""

import asyncio
import errno
import os
import resource
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import stamina

from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.pb.emoverse.v1.recommender_pb2_grpc import RecommenderServiceStub
from contracts.uploads import UPLOAD_TIMEOUT_S
from servicekit.errors import ConflictError, InvalidInputError, OverloadedError, TooLargeError, UnavailableError
from services.recommender import uploads
from tests.recommender.conftest import OpenService
from tests.recommender.support import DEADLINE_S
from tests.recommender.test_servicer import failure

SONGS = b"title,creators\nWhat's Going On,Marvin Gaye\n"
CHUNK = bytes(600 * 1024)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "imports"


@pytest.fixture
async def stub(open_recommender: OpenService, folder: Path) -> AsyncGenerator[RecommenderServiceStub]:
    async with open_recommender(import_folder=folder, max_upload_mib=1) as stub:
        yield stub


class Upload:
    """What a client does, message by message."""

    def __init__(self, stub: RecommenderServiceStub) -> None:
        method: Any = stub.UploadImport  # its types know generators only
        self.call = method(timeout=DEADLINE_S)

    async def start(self, file: str = "songs.csv", size_bytes: int = 0) -> None:
        await self._say(start=pb.UploadStart(file=file, size_bytes=size_bytes))

    async def send(self, chunk: bytes) -> int:
        return (await self._say(chunk=chunk)).size_bytes

    async def end(self) -> pb.UploadImportResponse:
        return await self._say(end=pb.UploadEnd())

    async def whole(self, *chunks: bytes, file: str = "songs.csv", size_bytes: int = 0) -> pb.UploadImportResponse:
        await self.start(file, size_bytes)
        for chunk in chunks:
            await self.send(chunk)
        return await self.end()

    async def _say(self, **part: Any) -> pb.UploadImportResponse:
        await self.call.write(pb.UploadImportRequest(**part))
        return await self.call.read()


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


@stamina.retry(on=AssertionError, attempts=None, timeout=DEADLINE_S, wait_max=0.05)
async def until_only(folder: Path, expected: dict[str, bytes]) -> None:
    assert files(folder) == expected


async def until_nothing_is_left(folder: Path) -> None:
    await until_only(folder, {})


async def test_a_file_appears_whole(stub: RecommenderServiceStub, folder: Path):
    upload = Upload(stub)
    await upload.start(size_bytes=len(SONGS))
    assert await upload.send(SONGS[:10]) == 10
    assert "songs.csv" not in files(folder)
    assert await upload.send(SONGS[10:]) == len(SONGS)
    assert await upload.end() == pb.UploadImportResponse(size_bytes=len(SONGS))
    assert await upload.call.code() is grpc.StatusCode.OK
    assert files(folder) == {"songs.csv": SONGS}


async def test_the_same_file_may_be_sent_again_and_no_other_takes_its_place(stub: RecommenderServiceStub, folder: Path):
    await Upload(stub).whole(SONGS)
    assert await Upload(stub).whole(SONGS) == pb.UploadImportResponse(size_bytes=len(SONGS), duplicate=True)
    other = SONGS[:-1] + b"!"
    for size_bytes, sent in ((0, other), (len(other), other), (1, b"")):
        error = await failure(Upload(stub).whole(sent, size_bytes=size_bytes))
        assert (type(error), error.code) == (ConflictError, "file_there")
    assert files(folder) == {"songs.csv": SONGS}


async def test_of_two_that_are_sent_at_once_the_first_to_end_has_the_name(stub: RecommenderServiceStub, folder: Path):
    first, second = Upload(stub), Upload(stub)
    for upload, chunk in ((first, b"first"), (second, b"second")):
        await upload.start()
        await upload.send(chunk)
    await second.end()
    assert (await failure(first.end())).code == "file_there"
    await until_only(folder, {"songs.csv": b"second"})


def everything_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


@pytest.mark.parametrize(
    "file",
    ["", ".", "..", "../songs.csv", "/etc/songs.csv", "new/songs.csv", "a\\b", ".hidden", "a\0b", "a\n", "é" * 101],
)
async def test_a_file_lies_in_the_folder_itself(stub: RecommenderServiceStub, tmp_path: Path, file: str):
    before = everything_in(tmp_path)
    error = await failure(Upload(stub).whole(SONGS, file=file))
    assert (type(error), error.code) == (InvalidInputError, "not_in_import_folder")
    assert everything_in(tmp_path) == before


@pytest.fixture
def link(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    (folder / "songs.csv").symlink_to(tmp_path / "elsewhere.csv")


@pytest.mark.usefixtures("link")
async def test_a_link_leads_nowhere_else(stub: RecommenderServiceStub, tmp_path: Path):
    before = everything_in(tmp_path)
    assert (await failure(Upload(stub).whole(SONGS))).code == "not_in_import_folder"
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("announced", [0, 2 * len(CHUNK)])
async def test_a_file_has_a_bound(stub: RecommenderServiceStub, folder: Path, announced: int):
    error = await failure(Upload(stub).whole(CHUNK, CHUNK, size_bytes=announced))
    assert (type(error), error.code) == (TooLargeError, "file_too_large")
    await until_nothing_is_left(folder)


async def test_an_empty_file_is_none(stub: RecommenderServiceStub, folder: Path):
    assert (await failure(Upload(stub).whole())).code == "file_empty"
    await until_nothing_is_left(folder)


async def test_of_an_upload_that_is_given_up_nothing_is_left(stub: RecommenderServiceStub, folder: Path):
    upload = Upload(stub)
    await upload.start()
    await upload.send(SONGS)
    assert len(files(folder)) == 1
    upload.call.cancel()
    await until_nothing_is_left(folder)


async def test_the_end_of_the_messages_is_not_the_end_of_the_file(stub: RecommenderServiceStub, folder: Path):
    upload = Upload(stub)
    await upload.start()
    await upload.send(SONGS)
    await upload.call.done_writing()
    error = await failure(upload.call.read())
    assert (type(error), error.code) == (InvalidInputError, "upload_broken")
    await until_nothing_is_left(folder)


async def test_messages_have_an_order(stub: RecommenderServiceStub, folder: Path):
    assert (await failure(Upload(stub).send(SONGS))).code == "upload_broken"
    twice = Upload(stub)
    await twice.start()
    assert (await failure(twice.start())).code == "upload_broken"
    await until_nothing_is_left(folder)


async def test_silence_ends_an_upload(stub: RecommenderServiceStub, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uploads, "IDLE_TIMEOUT_S", 0.05)
    upload = Upload(stub)
    await upload.start()
    assert (await failure(upload.call.read())).code == "upload_broken"
    await until_nothing_is_left(folder)


async def test_only_so_many_are_taken_at_once(stub: RecommenderServiceStub):
    busy = [Upload(stub) for _ in range(uploads.MAX_UPLOADS)]
    await asyncio.gather(*(upload.start(f"{number}.csv") for number, upload in enumerate(busy)))
    assert isinstance(await failure(Upload(stub).whole(SONGS)), OverloadedError)
    await busy[0].send(SONGS)
    await busy[0].end()
    await busy[0].call.code()
    assert (await Upload(stub).whole(SONGS)).size_bytes == len(SONGS)


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a network share."""

    def link(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)


@pytest.mark.usefixtures("no_links")
async def test_a_file_system_without_hard_links_takes_files_too(stub: RecommenderServiceStub, folder: Path):
    assert await Upload(stub).whole(SONGS) == pb.UploadImportResponse(size_bytes=len(SONGS))
    assert await Upload(stub).whole(SONGS) == pb.UploadImportResponse(size_bytes=len(SONGS), duplicate=True)
    assert (await failure(Upload(stub).whole(SONGS[:-1]))).code == "file_there"
    await until_only(folder, {"songs.csv": SONGS})


@contextmanager
def room_for(size_bytes: int) -> Generator[None]:
    """In any one file, for this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_without_room_nothing_is_kept(stub: RecommenderServiceStub, folder: Path):
    upload = Upload(stub)
    await upload.start()
    with room_for(len(CHUNK) // 2):
        error = await failure(upload.send(CHUNK))
        await until_nothing_is_left(folder)
    assert (isinstance(error, UnavailableError), error.code) == (True, "import_folder_full")
    assert (await Upload(stub).whole(SONGS)).size_bytes == len(SONGS)


async def test_a_folder_that_cannot_be_written_is_named(open_recommender: OpenService, tmp_path: Path):
    (tmp_path / "file").touch()
    async with open_recommender(import_folder=tmp_path / "file" / "imports") as stub:
        error = await failure(Upload(stub).whole(SONGS))
    assert error.code == "import_folder_unwritable"
    assert "RECOMMENDER_IMPORT_FOLDER" in error.advice


def make_old_and_new(folder: Path, *names: str) -> None:
    folder.mkdir()
    for name, age_s in zip(names, (2 * UPLOAD_TIMEOUT_S, 0), strict=True):
        (folder / name).touch()
        written_at_s = time.time() - age_s
        os.utime(folder / name, (written_at_s, written_at_s))


@pytest.fixture
def left_behind(folder: Path) -> None:
    make_old_and_new(folder, ".coming-old", ".coming-new")


@pytest.fixture
def empty(folder: Path) -> None:
    make_old_and_new(folder, "old.csv", "new.csv")


@pytest.mark.usefixtures("empty")
async def test_a_name_that_was_taken_for_nothing_is_free_after_a_while(stub: RecommenderServiceStub, folder: Path):
    assert not (await Upload(stub).whole(SONGS, file="old.csv", size_bytes=len(SONGS))).duplicate
    assert (await failure(Upload(stub).whole(SONGS, file="new.csv"))).code == "file_there"
    await until_only(folder, {"old.csv": SONGS, "new.csv": b""})


@pytest.mark.usefixtures("left_behind")
async def test_what_a_killed_process_left_behind_is_swept_away(stub: RecommenderServiceStub, folder: Path):
    await Upload(stub).whole(SONGS)
    await until_only(folder, {".coming-new": b"", "songs.csv": SONGS})
