"""The few TL objects that the wire itself frames by hand, as numbers and packing functions.

Numbers and layouts: https://core.telegram.org/mtproto/service_messages and .../TL-formal. Everything is little-endian.
"""

from __future__ import annotations

import gzip
import struct
import zlib

I32 = struct.Struct("<i")
U32 = struct.Struct("<I")
I64 = struct.Struct("<q")

VECTOR = 0x1CB5C415
BOOL_TRUE = 0x997275B5
BOOL_FALSE = 0xBC799737

MSG_CONTAINER = 0x73F1F8DC
GZIP_PACKED = 0x3072CFA1
RPC_RESULT = 0xF35C6D01
RPC_ERROR = 0x2144CA19
RPC_DROP_ANSWER = 0x58E4A740
RPC_ANSWER_UNKNOWN = 0x5E2AD36E

PING = 0x7ABE77EC
PING_DELAY_DISCONNECT = 0xF3427B8C
PONG = 0x347773C5
MSGS_ACK = 0x62D6B459
MSGS_STATE_REQ = 0xDA69FB52
MSGS_STATE_INFO = 0x04DEB57D
MSGS_ALL_INFO = 0x8CC0D131
MSG_RESEND_REQ = 0x7D861A08
HTTP_WAIT = 0x9299359F
GET_FUTURE_SALTS = 0xB921BD04
FUTURE_SALTS = 0xAE500895
DESTROY_SESSION = 0xE7512126
DESTROY_SESSION_OK = 0xE22045FC
DESTROY_SESSION_NONE = 0x62D350C9
DESTROY_AUTH_KEY = 0xD1435160
DESTROY_AUTH_KEY_OK = 0xF660E1D4
NEW_SESSION_CREATED = 0x9EC20908
BAD_SERVER_SALT = 0xEDAB447B
BAD_MSG_NOTIFICATION = 0xA7EFF811

INVOKE_AFTER_MSG = 0xCB9F372D
INVOKE_AFTER_MSGS = 0x3DC4B4F0
INVOKE_WITHOUT_UPDATES = 0xBF9459B7
INVOKE_WITH_LAYER = 0xDA9B0D0D
INVOKE_WITH_MESSAGES_RANGE = 0x365275F2
INVOKE_WITH_TAKEOUT = 0xACA9FD2E
INIT_CONNECTION = 0xC1CD5EA9

_HEAD_RPC_RESULT = struct.Struct("<Iq")
_GZIP_OR_ZLIB = 47
"""Lets zlib tell by the header: despite the object's name, clients such as mtcute write zlib's format into it."""
_MAX_UNPACKED = 16 * 1024 * 1024


def tl_bytes(data: bytes) -> bytes:
    """A TL ``bytes``/``string`` value: length, data, and zeros up to a multiple of four."""
    length = len(data)
    head = bytes((length,)) if length < 254 else b"\xfe" + length.to_bytes(3, "little")
    return head + data + bytes(-(len(head) + length) % 4)


def read_bytes(data: bytes, offset: int) -> tuple[bytes, int]:
    """The TL ``bytes`` value at `offset`, and the offset after it. Raises ValueError when `data` ends inside it."""
    length = data[offset]
    start = offset + 1
    if length == 254:
        length = int.from_bytes(data[offset + 1 : offset + 4], "little")
        start = offset + 4
    end = start + length
    if end > len(data):
        raise ValueError("a TL string runs past the end of its message")
    return data[start:end], end + (-(end - offset) % 4)


def rpc_result(request_id: int, answer: bytes) -> bytes:
    """``rpc_result``: the answer to the request that came as message `request_id`."""
    return _HEAD_RPC_RESULT.pack(RPC_RESULT, request_id) + answer


def rpc_error(code: int, message: str) -> bytes:
    """``rpc_error``, which takes the answer's place inside ``rpc_result``."""
    return struct.pack("<Ii", RPC_ERROR, code) + tl_bytes(message.encode())


def gzip_packed(data: bytes, level: int = 6) -> bytes:
    """``gzip_packed`` around a serialised object."""
    return U32.pack(GZIP_PACKED) + tl_bytes(gzip.compress(data, level, mtime=0))


def gunzip_packed(body: bytes, offset: int = 0) -> bytes:
    """What the ``gzip_packed`` object at `offset` holds. Raises ValueError for broken or absurdly large contents."""
    packed, _ = read_bytes(body, offset + 4)
    unpacker = zlib.decompressobj(wbits=_GZIP_OR_ZLIB)
    try:
        data = unpacker.decompress(packed, _MAX_UNPACKED)
    except zlib.error as error:
        raise ValueError(f"gzip_packed holds no gzip data: {error}") from error
    if unpacker.unconsumed_tail:
        raise ValueError("gzip_packed unpacks to more than 16 MiB")
    return data


def long_vector(body: bytes, offset: int) -> list[int]:
    """The boxed ``Vector<long>`` at `offset`. Raises ValueError when there is none."""
    constructor, count = struct.unpack_from("<Ii", body, offset)
    if constructor != VECTOR or not 0 <= count <= 8192:
        raise ValueError("a vector of longs was expected")
    return list(struct.unpack_from(f"<{count}q", body, offset + 8))
