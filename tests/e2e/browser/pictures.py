"""A picture that a lead can send."""

import struct
import zlib

WIDTH, HEIGHT = 480, 320


def picture() -> bytes:
    """A small PNG, made here (RFC 2083): sky over sand."""
    rows = [b"\0" + (b"\x7f\xb2\xe5" if row < HEIGHT // 2 else b"\xe8\xd2\xa0") * WIDTH for row in range(HEIGHT)]

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + chunk(b"IEND", b"")
    )
