import asyncio
import struct
import threading
import zlib
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
import structlog.testing

from contracts.emotion import Emotion
from servicekit.emotion_client.frames import Frame
from services.capture.cameras import CameraSource
from services.capture.demo import demo_frames, draw_face
from services.capture.drawn_face import Image
from services.capture.errors import SourceError
from services.capture.pacing import MAX_SIDE_PX, Encoding
from services.capture.packing import PicturePacker
from services.capture.pictures import Source, frames, opened
from services.capture.sources import name_of, source_for

CLIP_FPS = 30
CLIP_FRAMES = 30
FAST = 1000.0
"""Pictures a second that no test has to wait for."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), CLIP_FPS, (640, 480))
    for frame in demo_frames(fps=CLIP_FPS, seconds=CLIP_FRAMES / CLIP_FPS):
        writer.write(frame)
    writer.release()
    return path


async def pictures_of(source: Source) -> list[Frame]:
    async with opened(source):
        return [frame async for frame in frames(source, PicturePacker(Encoding), lambda: source.fps)]


def decoded(jpeg: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.uint8, copy=False)


class FakeCamera:
    """Gives its pictures one by one, then waits for `unplugged` and gives no more, as cv2.VideoCapture would."""

    def __init__(self, pictures: Sequence[Image]) -> None:
        self._pictures = iter(pictures)
        self.unplugged = threading.Event()
        self.taken = threading.Semaphore(0)
        self.released = threading.Event()

    def read(self) -> tuple[bool, Image | None]:
        picture = next(self._pictures, None)
        self.taken.release()
        if picture is None:
            self.unplugged.wait(10)
        return picture is not None, picture

    def release(self) -> None:
        self.released.set()

    def source(self) -> CameraSource:
        return CameraSource(FAST, "Camera 7", "Connect it.", lambda: cast("cv2.VideoCapture", self))


async def test_a_clip_ends_after_its_own_length_at_the_asked_rate(clip: Path):
    source = source_for(str(clip), 10)
    async with opened(source):
        count = sum(1 for _ in iter(lambda: source.read() is None, True))
    assert count == 10
    assert source.fps == pytest.approx(10)


async def test_a_clip_is_not_sped_up(clip: Path):
    source = source_for(str(clip), FAST)
    sent = await pictures_of(source)
    assert len(sent) == CLIP_FRAMES
    assert source.fps == pytest.approx(CLIP_FPS)


def element(name: str, content: bytes) -> bytes:
    return bytes.fromhex(name) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def recorded(path: Path, times_ms: Sequence[int]) -> Path:
    """A Matroska file as a browser writes it: pictures with their times, and no word of how many a second."""
    jpeg = cv2.imencode(".jpg", draw_face(Emotion.HAPPY))[1].tobytes()
    size = element("b0", (640).to_bytes(2, "big")) + element("ba", (480).to_bytes(2, "big"))
    track = element("d7", b"\1") + element("73c5", b"\1") + element("83", b"\1") + element("86", b"V_MJPEG")
    blocks = [element("a3", b"\x81" + at_ms.to_bytes(2, "big") + b"\x80" + jpeg) for at_ms in times_ms]
    segment = (
        element("1549a966", element("2ad7b1", (1_000_000).to_bytes(3, "big"))),
        element("1654ae6b", element("ae", track + element("e0", size))),
        element("1f43b675", element("e7", b"\0") + b"".join(blocks)),
    )
    path.write_bytes(element("1a45dfa3", element("4282", b"matroska")) + element("18538067", b"".join(segment)))
    return path


def shown_ms(source: Source) -> list[float]:
    """How long each picture stands before the next is read."""
    source.open()
    return [1000 / source.fps for _ in iter(lambda: source.read() is None, True)]


UNEVEN_MS = [0, 24, 70, 114, 147, 181, 200, 247, 270, 300]


def test_a_recording_of_a_browser_is_not_raced_through(tmp_path: Path):
    path = recorded(tmp_path / "uneven.webm", UNEVEN_MS)
    stands_ms = shown_ms(source_for(str(path), FAST))
    assert len(stands_ms) == len(UNEVEN_MS)
    assert sum(stands_ms[1:]) == pytest.approx(UNEVEN_MS[-1])
    # At most ten a second: those at 0, 114, 181 and 300 ms.
    assert shown_ms(source_for(str(path), 10))[1:] == pytest.approx([114, 67, 119])


def test_a_recording_with_a_pause_goes_on_after_it(tmp_path: Path):
    path = recorded(tmp_path / "pause.webm", [0, 100, 30_000, 30_100, 30_200])
    assert shown_ms(source_for(str(path), 10))[1:] == pytest.approx([100, 1100, 100, 100])
    assert shown_ms(source_for(str(path), 0.5))[1:] == pytest.approx([3000])


def test_a_clip_that_is_cut_short_says_so(tmp_path: Path):
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(50):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    with structlog.testing.capture_logs() as said:
        assert len(shown_ms(source_for(str(path), FAST))) == 50
        assert said == []
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        count = len(shown_ms(source_for(str(path), FAST)))
    (entry,) = said
    assert entry["event"] == "the clip ends early; the file may be cut short or broken"
    assert (entry["read_s"], entry["stated_s"]) == (count / 10, 5)
    assert 0 < count < 30


async def test_frames_carry_jpeg_and_the_time_of_capture(clip: Path):
    frame = (await pictures_of(source_for(str(clip), FAST)))[0]
    assert decoded(frame.image).shape == (480, 640, 3)
    assert frame.captured_at.tzinfo is UTC


async def test_a_folder_gives_every_picture_once_by_name_and_an_unreadable_one_as_it_is(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "b.png"), np.full((50, 60, 3), 200, np.uint8))
    cv2.imwrite(str(tmp_path / "a.JPG"), np.full((20, 30, 3), 10, np.uint8))
    (tmp_path / "c.jpg").write_text("not a picture")
    (tmp_path / "notes.txt").write_text("not meant")
    sent = await pictures_of(source_for(str(tmp_path), FAST))
    assert [decoded(frame.image).shape[:2] for frame in sent[:2]] == [(20, 30), (50, 60)]
    assert [frame.image for frame in sent[2:]] == [b"not a picture"]


async def test_an_odd_file_does_not_end_a_folder(tmp_path: Path):
    blank = cv2.imencode(".png", np.full((50, 60, 3), 200, np.uint8))[1].tobytes()
    huge = blank[:16] + struct.pack(">II", 1 << 20, 1 << 20) + blank[24:29]
    (tmp_path / "a.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "b.jpg").mkdir()
    (tmp_path / "c.png").write_bytes(huge + struct.pack(">I", zlib.crc32(huge[12:])))
    (tmp_path / "d.jpg").touch()
    (tmp_path / "e.png").write_bytes(blank)
    sent = await pictures_of(source_for(str(tmp_path), FAST))
    assert [len(frame.image) for frame in sent[:-1]] == [0, 0, 33, 0]
    assert decoded(sent[-1].image).shape == (50, 60, 3)


async def test_a_folder_that_went_meanwhile(tmp_path: Path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    source = source_for(str(folder), FAST)
    folder.rmdir()
    with pytest.raises(SourceError, match="No such file or directory") as caught:
        await pictures_of(source)
    assert caught.value.code == "folder_unreadable"


async def test_one_picture_is_a_source_and_a_large_one_is_scaled_down(tmp_path: Path):
    path = tmp_path / "large.png"
    cv2.imwrite(str(path), np.zeros((1000, 4000, 3), np.uint8))
    (frame,) = await pictures_of(source_for(str(path), FAST))
    assert decoded(frame.image).shape == (MAX_SIDE_PX // 4, MAX_SIDE_PX, 3)


async def test_the_demo_does_not_end():
    source = source_for("demo", FAST)
    async with opened(source):
        shapes = [image.shape for image in (source.read() for _ in range(3)) if isinstance(image, np.ndarray)]
    assert shapes == [(480, 640, 3)] * 3
    assert source.live


@pytest.mark.parametrize("path", ["nowhere.mp4", 256 * "x"])
def test_a_missing_file_is_named(path: str):
    with pytest.raises(SourceError, match=f"no file or folder {path}") as caught:
        source_for(path, 10)
    assert caught.value.code == "file_missing"


async def test_a_file_that_is_no_video(tmp_path: Path):
    path = tmp_path / "letter.mp4"
    path.write_text("Dear reader")
    with pytest.raises(SourceError, match="not a video") as caught:
        await pictures_of(source_for(str(path), 10))
    assert caught.value.code == "not_a_video"


async def test_a_folder_without_pictures(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("not meant")
    with pytest.raises(SourceError, match="no pictures in the folder") as caught:
        await pictures_of(source_for(str(tmp_path), 10))
    assert caught.value.code == "folder_without_pictures"


@pytest.mark.parametrize("spec", ["93", "/dev/video93"])
async def test_a_camera_that_is_not_there(spec: str):
    with pytest.raises(SourceError, match="Camera 93") as caught:
        await pictures_of(source_for(spec, 10))
    assert caught.value.code == "no_picture"


async def test_an_unreachable_stream_is_named_without_its_password():
    with pytest.raises(SourceError, match=r"The stream at 127\.0\.0\.1:1/live") as caught:
        await pictures_of(source_for("rtsp://me:secret@127.0.0.1:1/live", 10))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("rtsp://[fe80::1]:8554/live", "[fe80::1]:8554/live"),
        ("rtsp://me:se[cret@camera:554/live", "camera:554/live"),
        ("rtsp://me:se@cret@camera/live?token=secret", "camera/live"),
        ("rtsp://me:se/cret@camera/live", "an unnamed host"),
        ("rtsp://me:se?cret@camera/live", "an unnamed host"),
        ("rtsp://camera/live?password=se@cret", "an unnamed host"),
        ("rtsp://camera/user=me&password=secret&channel=1", "camera/user"),
        ("rtsp://", "an unnamed host"),
        ("clips/[2024]/a.mp4", "clips/[2024]/a.mp4"),
    ],
)
def test_no_name_tells_a_password(spec: str, name: str):
    assert name_of(spec) == name


async def test_a_url_that_is_none_is_a_stream_that_gives_no_picture():
    with pytest.raises(SourceError, match=r"The stream at 127\.0\.0\.1:1/live gives no picture"):
        await pictures_of(source_for("rtsp://me:se[cret@127.0.0.1:1/live", 10))


async def test_a_camera_gives_the_newest_picture():
    camera = FakeCamera([draw_face(emotion, jitter=0) for emotion in (Emotion.SAD, Emotion.ANGRY, Emotion.HAPPY)])
    source = camera.source()
    async with opened(source):
        for _ in range(4):
            assert camera.taken.acquire(timeout=10)
        image = source.read()
        assert image is not None
    difference = np.abs(image.astype(int) - draw_face(Emotion.HAPPY, jitter=0))
    assert difference.mean() < 3


async def test_a_camera_that_is_unplugged_ends_with_an_error():
    camera = FakeCamera([draw_face(Emotion.HAPPY)])
    source = camera.source()
    async with opened(source):
        assert source.read() is not None
        camera.unplugged.set()
        with pytest.raises(SourceError, match="gives no more pictures"):
            source.read()
    assert camera.released.wait(10)


async def test_a_stream_that_says_nothing_is_given_up_in_time():
    camera = FakeCamera([])
    source = CameraSource(
        FAST, "The stream at here", "Check it.", lambda: cast("cv2.VideoCapture", camera), open_timeout_s=0.05
    )
    with pytest.raises(SourceError, match="The stream at here gives no picture"):
        await pictures_of(source)
    camera.unplugged.set()


async def test_closing_ends_the_wait_for_a_camera():
    camera = FakeCamera([draw_face(Emotion.HAPPY)])
    source = camera.source()
    async with opened(source):
        assert source.read() is not None
        reading = asyncio.create_task(asyncio.to_thread(source.read))
        await asyncio.to_thread(source.close)
        assert await reading is None
    camera.unplugged.set()
