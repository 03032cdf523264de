"""Inputs that hypothesis makes up: bytes that were nearly right, pictures, messages, documents."""

import json
import random
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import cv2
import numpy as np
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

SIDES_PX: Final = (80, 64)
"""Small, so that many can be read."""
PLAIN_TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NASTY_TEXT: Final = st.sampled_from(
    [
        "", "\x00", "a\x00b", "\r\n\r\nX: y", "\x1b[31m", "../../etc/passwd", "..%2f..%2fetc", "=1+1", "' or 1=1 --",
        "<script>alert(1)</script>", "\u202e", "\ufeff", "𝕏" * 20, "a" * 5000, "%s%n", "${jndi:ldap://x}", "__proto__",
        "9" * 400, "-0", "nan", "1e999", "null", "true", "[]", "{}", "u-" + "0" * 32, "me", "demo",
    ]
)  # fmt: skip
TEXT: Final = PLAIN_TEXT | NASTY_TEXT
NUMBERS: Final = st.sampled_from(
    [0, 1, -1, 2**31 - 1, -(2**31), 2**32, 2**63 - 1, -(2**63), 2**64, 10**400, 1e308, -0.5]
)
JSON: Final = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.integers() | st.floats() | TEXT,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(TEXT, inside, max_size=4),
    max_leaves=12,
)


def mangled(bases: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of these, changed at random in a few places."""
    drawn = st.tuples(st.integers(0, 2**64), st.sampled_from(bases))
    return drawn.map(lambda seed_and_base: mangle(random.Random(seed_and_base[0]), seed_and_base[1]))


def mangle(chance: random.Random, data: bytes) -> bytes:
    """Flip, cut, repeat, insert or splice, once or several times."""
    for _ in range(chance.randint(0, 4)):
        at, to = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        data = chance.choice(_CHANGES)(chance, data, at, to)[:200_000]
    return data


def _overwrite(chance: random.Random, data: bytes, at: int, _to: int) -> bytes:
    new = chance.choice(
        [b"\xff", b"\x00", b"\xff\xff", b"\x00\x00", b"\x7f\xff", chance.randbytes(chance.randint(1, 8))]
    )
    return data[:at] + new + data[at + len(new) :]


_CHANGES: Final[Sequence[Callable[[random.Random, bytes, int, int], bytes]]] = (
    _overwrite,
    _overwrite,
    lambda _chance, data, at, _to: data[:at],
    lambda _chance, data, at, to: data[:at] + data[to:],
    lambda chance, data, at, to: data[:to] + data[at:to] * chance.randint(1, 30) + data[to:],
    lambda chance, data, at, _to: data[:at] + chance.randbytes(chance.randint(1, 64)) + data[at:],
    lambda _chance, data, at, to: data[at:to] + data[:at] + data[to:],
)


def _drawn(*, colour: bool) -> Any:
    width, height = SIDES_PX
    shape = (height, width, 3) if colour else (height, width)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def _encoded(kind: str, picture: Any, *options: int) -> bytes:
    return cv2.imencode(kind, picture, options)[1].tobytes()


def png_chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG (ISO/IEC 15948, 5.3)."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def many_scans(jpeg: bytes, count: int) -> bytes:
    """A progressive JPEG whose last scan is there so many times."""
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[last:-2] * count + b"\xff\xd9"


def pictures() -> list[bytes]:
    """JPEGs and PNGs, and what pretends to be one."""
    colour, grey = _drawn(colour=True), _drawn(colour=False)
    plain, progressive = _encoded(".jpg", colour), _encoded(".jpg", colour, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    png = _encoded(".png", colour)
    head = png[:8]
    bomb = head + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 4000, 4000, 8, 0, 0, 0, 0))
    bomb += png_chunk(b"IDAT", zlib.compress(bytes(4001 * 4000))) + png_chunk(b"IEND", b"")
    text = png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(5_000_000)))
    exif = (
        plain[:2]
        + b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
        + plain[2:]
    )
    return [
        plain, progressive, png, exif, _encoded(".jpg", grey), _encoded(".png", grey),
        _encoded(".jpg", colour, cv2.IMWRITE_JPEG_RST_INTERVAL, 1), many_scans(progressive, 50),
        png[:33] + text + png[33:], bomb, plain[:2] + b"\xff\xfe\xff\xff" + bytes(65533) + plain[2:],
        plain + b"PK\x03\x04" + bytes(100), b"\xff\xd8\xff\xe0<html><script>alert(1)</script>" + plain[2:],
        _encoded(".webp", colour), _encoded(".bmp", colour), _encoded(".tiff", colour), b"GIF89a" + bytes(20),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"",
    ]  # fmt: skip


def messages(kind: type[Message], hints: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Messages of a type, field by field; `hints` are likely values of fields by their name."""
    fields = {field.name: _field(field, hints) for field in kind.DESCRIPTOR.fields}
    return st.fixed_dictionaries({}, optional=fields).map(lambda values: _built(kind, values))


def _built(kind: type[Message], values: Mapping[str, Any]) -> Message:
    message = kind()
    for name, value in values.items():
        try:
            if isinstance(value, list):
                getattr(message, name).extend(value)
            elif isinstance(value, Message):
                getattr(message, name).CopyFrom(value)
            else:
                setattr(message, name, value)
        except (ValueError, TypeError):
            continue
    return message


def _field(field: Any, hints: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    one = _single(field, hints)
    return st.lists(one, max_size=3) if field.is_repeated else one


def _single(field: Any, hints: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        return messages(field.message_type._concrete_class, hints)
    likely = hints.get(field.name)
    anything = {
        FieldDescriptor.CPPTYPE_STRING: TEXT,
        FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
        FieldDescriptor.CPPTYPE_ENUM: st.integers(-1, 12) | st.integers(-(2**31), 2**31 - 1),
        FieldDescriptor.CPPTYPE_FLOAT: st.floats(width=32),
        FieldDescriptor.CPPTYPE_DOUBLE: st.floats(),
        FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
        FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
        FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 100) | st.integers(0, 2**32 - 1),
        FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 100) | st.integers(0, 2**64 - 1),
    }[field.cpp_type]
    if field.type == FieldDescriptor.TYPE_BYTES:
        anything = st.binary(max_size=64)
    return likely | likely | anything if likely is not None else anything


def altered(document: Any) -> st.SearchStrategy[bytes]:
    """A JSON document with some of its values replaced, or some of its bytes."""
    text = json.dumps(document)
    return st.builds(_alter, st.just(text), st.integers(0, 2**32), JSON) | mangled([text.encode()])


def _alter(text: str, seed: int, value: Any) -> bytes:
    chance, document = random.Random(seed), json.loads(text)
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = chance.choice(keys)
        if isinstance(place[key], dict | list) and place[key] and chance.random() < 0.6:
            place = place[key]
            continue
        place[key] = value
        return json.dumps(document).encode("utf-8", "replace")
