"""What commonly happens to a request between being signed and being checked, as changes to try one by one.

Each undoes one such thing: if the signature holds over the changed parts, that is what happened.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypedDict
from urllib.parse import parse_qsl, quote, unquote, urlencode


class Part(StrEnum):
    """What a signature depends on."""

    METHOD = "method"
    SCHEME = "scheme"
    HOST = "host"
    PATH = "path"
    QUERY = "query encoding"
    BODY = "body bytes"
    TIMESTAMP = "timestamp"
    HEADER_FORM = "header form"
    SECRET = "wrong secret"  # noqa: S105 - a name, no secret
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature covers, and the signature.

    Attributes:
        query: without its question mark.
        decoded: whether HubSpot's twelve codes are decoded before the URL is signed, as its rule says.
        timestamp: as text.
        signature: as the client libraries take it.
    """

    method: str
    scheme: str
    host: str
    path: str
    query: str
    body: bytes
    timestamp: str
    signature: str
    decoded: bool = True

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{self.scheme}://{self.host}{self.path}" + (f"?{self.query}" if self.query else "")


class Changes(TypedDict, total=False):
    """Members of `Signed` to replace."""

    method: str
    scheme: str
    host: str
    path: str
    query: str
    body: bytes
    timestamp: str
    signature: str
    decoded: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the request that was received is not the one that was signed.

    Attributes:
        received: what came; for bodies, secrets and signatures what it is like, never what it is.
        signed: what was signed.
        advice: what to do.
    """

    part: Part
    received: str
    signed: str
    advice: str


@dataclass(frozen=True, slots=True)
class Variant:
    """One thing that may have happened, and how to undo it."""

    difference: Difference
    changes: Changes


_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PERCENT: Final = re.compile("%[0-9A-Fa-f]{2}")


def methods(signed: Signed) -> Iterator[Variant]:
    """Another method, or the same in lower case."""
    advice = "check the method as it was called, in upper case; a redirect may have changed it"
    for method in (*_METHODS, signed.method.lower()):
        if method != signed.method:
            yield Variant(Difference(Part.METHOD, signed.method, method, advice), {"method": method})


def schemes(signed: Signed) -> Iterator[Variant]:
    """The other scheme, as behind a proxy that ends TLS."""
    other = "http" if signed.scheme == "https" else "https"
    advice = "check over the public base URL, not over what arrives behind the proxy that ends TLS"
    yield Variant(Difference(Part.SCHEME, signed.scheme, other, advice), {"scheme": other})


def hosts(signed: Signed, named: Iterable[str]) -> Iterator[Variant]:
    """Another host that the request names, or the same with or without its port."""
    name, _, port = signed.host.partition(":")
    local = {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}.get(name)
    candidates = [*named, name, f"{name}:443", f"{name}:80", signed.host.lower()]
    if local is not None:
        candidates += [local, f"{local}:{port}"]
    advice = "check over the host that the sender called: the public base URL, not Host or X-Forwarded-Host"
    for host in dict.fromkeys(candidates):
        if host and host != signed.host:
            yield Variant(Difference(Part.HOST, signed.host, host, advice), {"host": host})


def paths(signed: Signed) -> Iterator[Variant]:
    """The path before something in between rewrote it."""
    path = signed.path
    candidates = [path.rstrip("/"), f"{path}/", re.sub("/{2,}", "/", path), unquote(path), quote(path), path.lower()]
    candidates += [path[index:] for index in range(1, len(path)) if path[index] == "/"]
    advice = "check over the raw path as the sender called it, before any rewriting or mounting"
    for candidate in dict.fromkeys(candidates):
        if candidate != path:
            yield Variant(Difference(Part.PATH, path, candidate, advice), {"path": candidate})


def queries(signed: Signed) -> Iterator[Variant]:
    """The query before something decoded, encoded or sorted it; and URLs signed without HubSpot's decoding."""
    query, whole = signed.query, signed.path + signed.query
    if "%" in whole:
        advice = (
            "the sender signed the URL undecoded; HubSpot decodes twelve codes, so this is another sender's mistake"
        )
        difference = Difference(Part.QUERY, "twelve codes decoded", "nothing decoded", advice)
        yield Variant(difference, {"decoded": False})
    advice = "check over the raw query string, with no framework's parsing in between"
    for words, candidate in _rewritten(query):
        if candidate != query:
            yield Variant(Difference(Part.QUERY, "as received", words, advice), {"query": candidate, "decoded": False})
            yield Variant(Difference(Part.QUERY, "as received", words, advice), {"query": candidate})


def _rewritten(query: str) -> list[tuple[str, str]]:
    pairs = parse_qsl(query, keep_blank_values=True)
    return [
        ("every code decoded", unquote(query)),
        ("spaces written as +", query.replace("%20", "+")),
        ("spaces written as %20", query.replace("+", "%20")),
        ("+ written as %2B", query.replace("+", "%2B")),
        ("codes in upper case", _PERCENT.sub(lambda code: code[0].upper(), query)),
        ("codes in lower case", _PERCENT.sub(lambda code: code[0].lower(), query)),
        ("encoded once more", query.replace("%", "%25")),
        ("encoded once less", query.replace("%25", "%")),
        ("encoded anew", urlencode(pairs)),
        ("encoded anew, spaces as %20", urlencode(pairs, quote_via=quote)),
        ("members sorted", "&".join(sorted(query.split("&")))),
        ("no query", ""),
    ]


def bodies(signed: Signed) -> Iterator[Variant]:
    """The body before something read and wrote it again."""
    advice = "check over the raw bytes, before anything parses, converts or trims them"
    for received, was, candidate in _reworked(signed.body):
        if candidate != signed.body:
            yield Variant(Difference(Part.BODY, received, was, advice), {"body": candidate})


def _reworked(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    yield "ends in a line end", "no line end at the end", body.rstrip(b"\r\n")
    yield "no line end at the end", "ends in a line end", body + b"\n"
    yield "no line end at the end", "ends in CR LF", body + b"\r\n"
    yield "lines end in CR LF", "lines end in LF", body.replace(b"\r\n", b"\n")
    yield "lines end in LF", "lines end in CR LF", body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield "a byte-order mark in front", "no byte-order mark", body.removeprefix(b"\xef\xbb\xbf")
    yield "as received", "empty", b""
    yield "bytes", "Python's b'…'", str(body).encode()
    yield "UTF-8", "read as Latin-1 and written as UTF-8", body.decode("latin-1").encode()
    yield from _as_json(body)


def _as_json(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return
    for ascii_only in (True, False):
        letters = "ASCII escapes" if ascii_only else "letters as they are"
        for separators, spacing in (((",", ":"), "no spaces"), ((", ", ": "), "a space after , and :")):
            for sorted_keys in (False, True):
                text = json.dumps(content, ensure_ascii=ascii_only, separators=separators, sort_keys=sorted_keys)
                was = f"JSON with {spacing}, {letters}" + (", members sorted" if sorted_keys else "")
                yield "the same JSON written otherwise", was, text.encode("utf-8", "surrogatepass")


def timestamps(signed: Signed) -> Iterator[Variant]:
    """The timestamp in the other unit, or before something trimmed it."""
    text = signed.timestamp
    advice = "sign and check the header's text as it is: milliseconds from HubSpot, seconds from Chert"
    candidates = [text.strip(), text.partition(".")[0], f"{text}000", text.removesuffix("000"), text[:-3]]
    for candidate in dict.fromkeys(candidates):
        if candidate not in {"", text} and candidate.isdigit():
            yield Variant(Difference(Part.TIMESTAMP, text, candidate, advice), {"timestamp": candidate})


def base64_forms(signed: Signed) -> Iterator[Variant]:
    """A version 3 signature that is written in another way than standard base64."""
    text = signed.signature.strip().strip("\"'")
    bare = re.sub("^(v3|sha256|v1)=", "", text)
    advice = "send standard base64 of the 32 bytes, with its padding and nothing around it"
    candidates = {
        "something around the base64": bare,
        "base64 for URLs": bare.replace("-", "+").replace("_", "/").rstrip("=") + "=",
        "base64 without padding": bare.rstrip("=") + "=",
        "hexadecimal": _from_hexadecimal(bare),
    }
    for received, candidate in candidates.items():
        if candidate != signed.signature and _is_digest(candidate):
            difference = Difference(Part.HEADER_FORM, received, "standard base64", advice)
            yield Variant(difference, {"signature": candidate})


def _from_hexadecimal(text: str) -> str:
    try:
        return base64.b64encode(bytes.fromhex(text)).decode()
    except ValueError:
        return ""


def _is_digest(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 32  # noqa: PLR2004 - bytes of SHA-256
    except (binascii.Error, ValueError):
        return False
