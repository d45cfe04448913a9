"""Bytes that resemble a request, more or less: what a parser meets on an open port."""

from random import Random

LINES = (
    b"Content-Length: -1",
    b"Content-Length: 1e3",
    b"Content-Length: 99999999999999999999999",
    b"Content-Length: 5",
    b"Content-Length: 5, 6",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding : chunked",
    b"Expect: 100-continue",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x",
    b"Connection: close, keep-alive",
    b"Host:",
    b" folded: line",
    b"no colon",
    b": no name",
    b"X-\0: nul",
    b"X-HubSpot-Signature-v3: \xff\xfe",
    b"\r\n".join(b"X-%d: %d" % (number, number) for number in range(500)),
    b"X-Long: " + b"a" * 20_000,
)
REQUEST_LINES = (
    b"POST /api/hubspot/webhook HTTP/9.9",
    b"POST /api/hubspot/webhook",
    b"POST  /api/hubspot/webhook  HTTP/1.1",
    b"post /api/hubspot/webhook HTTP/1.1",
    b"POST * HTTP/1.1",
    b"POST http://evil.example/api/hubspot/webhook HTTP/1.1",
    b"POST //api//hubspot/../webhook HTTP/1.1",
    b"POST /api/hubspot/webhook?%00%zz%u1234=\xff HTTP/1.1",
    b"POST /%2e%2e/%00 HTTP/1.1",
    b"POST /" + b"a" * 20_000 + b" HTTP/1.1",
    b"CONNECT evil.example:443 HTTP/1.1",
    b"PRI * HTTP/2.0",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)
CHUNKS = (b"ffffffffffffffff\r\n", b"-1\r\n", b"0x5\r\n", b"5;a=b\r\nhello\r\n", b"5\r\nhello", b"0\r\n\r\n", b"\r\n")


def raw_bytes(random: Random, valid: bytes) -> bytes:
    """Something that resembles a request, more or less."""
    head, _, body = valid.partition(b"\r\n\r\n")
    place, length = random.randrange(len(valid)), random.randrange(1, 60)
    noise = random.randbytes(random.randrange(1, 400))
    return random.choice(
        (
            noise,
            valid[:place],
            valid[:place] + noise + valid[place:],
            valid[:place] + valid[place + length :],
            valid + valid[place : place + length],
            bytes(byte ^ (1 << random.randrange(8)) if random.random() < 0.02 else byte for byte in valid),
            _with_line(head, random.choice(LINES) + random.choice((b"", noise))) + body,
            random.choice(REQUEST_LINES) + b"\r\n" + head.partition(b"\r\n")[2] + b"\r\n\r\n" + body,
            _with_line(head, b"Transfer-Encoding: chunked") + random.choice(CHUNKS) + noise,
            valid * random.randrange(2, 6) + noise,
        )
    )


def _with_line(head: bytes, line: bytes) -> bytes:
    first, _, rest = head.partition(b"\r\n")
    return first + b"\r\n" + line + b"\r\n" + rest + b"\r\n\r\n"
