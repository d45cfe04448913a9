import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hubspot_client import RejectionReason, SignatureRejectedError, SignatureVerifier

VECTORS = json.loads((Path(__file__).parents[1] / "signature-vectors.json").read_text())
V2_VECTORS = [vector for vector in VECTORS["vectors"] if vector["version"] == "v2"]
V3_VECTORS = [vector for vector in VECTORS["vectors"] if vector["version"] == "v3"]
DECODE_TABLE = VECTORS["algorithms"]["v3"]["uri_decode_table"]

SECRET = b"unit-test-client-secret"
NOW_MS = 1_790_000_000_000
TIMESTAMP = str(NOW_MS)
URL = "https://app.example.test/api/hubspot/webhook"
BODY = b'[{"eventId":1}]'

anything = st.one_of(st.binary(max_size=80), st.text(max_size=80))


def independent_v3(secret: bytes, method: str, url: str, body: bytes, timestamp: str) -> str:
    """Version 3 written down plainly, walking the URL once."""
    decoded, at = "", 0
    while at < len(url):
        code = url[at : at + 3]
        decoded += DECODE_TABLE.get(code, url[at])
        at += 3 if code in DECODE_TABLE else 1
    source = method.encode() + decoded.encode() + body + timestamp.encode()
    return base64.b64encode(hmac.digest(secret, source, "sha256")).decode()


def independent_v2(secret: bytes, method: str, url: str, body: bytes) -> str:
    """Version 2 written down plainly."""
    return hashlib.sha256(secret + method.encode() + url.encode() + body).hexdigest()


def rejection_v3(
    verifier: SignatureVerifier,
    *,
    method: str | bytes = "POST",
    url: str | bytes = URL,
    body: bytes = BODY,
    signature: str | bytes | None = None,
    timestamp: str | bytes | None = TIMESTAMP,
    now_ms: int = NOW_MS,
) -> RejectionReason | None:
    """The reason why the verifier refuses, or nothing."""
    try:
        verifier.verify_v3(method, url, body, signature, timestamp, now_ms)
    except SignatureRejectedError as error:
        return error.reason
    return None


@pytest.fixture
def verifier() -> SignatureVerifier:
    """A verifier with one secret."""
    return SignatureVerifier([SECRET])


@pytest.mark.parametrize("vector", V3_VECTORS, ids=lambda vector: vector["id"])
def test_published_v3_vectors_are_accepted(vector: dict[str, str]) -> None:
    """Every version 3 vector holds at the moment its timestamp names."""
    SignatureVerifier([vector["secret"].encode()]).verify_v3(
        vector["method"],
        vector["uri"],
        vector["body"].encode(),
        vector["expected_signature"],
        vector["timestamp"],
        int(vector["timestamp"]),
    )


@pytest.mark.parametrize("vector", V2_VECTORS, ids=lambda vector: vector["id"])
def test_published_v2_vectors_are_accepted(vector: dict[str, str]) -> None:
    """Every version 2 vector holds."""
    SignatureVerifier([vector["secret"].encode()]).verify_v2(
        vector["method"], vector["uri"], vector["body"].encode(), vector["expected_signature"]
    )


@pytest.mark.parametrize("vector", V3_VECTORS, ids=lambda vector: vector["id"])
def test_published_v3_vectors_do_not_hold_for_another_secret(
    vector: dict[str, str], verifier: SignatureVerifier
) -> None:
    """A right signature under another secret is a bad signature."""
    reason = rejection_v3(
        verifier,
        method=vector["method"],
        url=vector["uri"],
        body=vector["body"].encode(),
        signature=vector["expected_signature"],
        timestamp=vector["timestamp"],
        now_ms=int(vector["timestamp"]),
    )

    assert RejectionReason.BAD_SIGNATURE is reason


@pytest.mark.parametrize("vector", V2_VECTORS, ids=lambda vector: vector["id"])
def test_published_v2_vectors_do_not_hold_for_another_secret(
    vector: dict[str, str], verifier: SignatureVerifier
) -> None:
    """The same in version 2."""
    with pytest.raises(SignatureRejectedError) as caught:
        verifier.verify_v2(vector["method"], vector["uri"], vector["body"].encode(), vector["expected_signature"])

    assert RejectionReason.BAD_SIGNATURE is caught.value.reason


@pytest.mark.parametrize("case", VECTORS["freshness"]["cases"], ids=str)
def test_published_freshness_cases(verifier: SignatureVerifier, case: dict[str, object]) -> None:
    """Where the documentation decides on an age, the verifier decides the same; the limit itself is open."""
    timestamp = str(case["timestamp"]) if "timestamp" in case else str(NOW_MS - int(str(case["age_ms"])))
    signature = independent_v3(SECRET, "POST", URL, BODY, timestamp)

    reason = rejection_v3(verifier, signature=signature, timestamp=timestamp)

    assert case["accept"] in {None, reason is None}


ENCODED_URL = (
    "https://app.example.test/api/hubspot/widget/context?portalId=12345678&userEmail=rep%40acme.test&note=a%20b"
)


def test_the_url_is_decoded_before_it_is_hashed(verifier: SignatureVerifier) -> None:
    """chert-contract.md section 4.1: `%40` is decoded, `%20` is not."""
    signature = "2X1Q3U+F0CsHKsTOPykRJwpAfCpRxv06eYdq71aYiW4="

    verifier.verify_v3("GET", ENCODED_URL, b"", signature, "1790000000000", NOW_MS)


def test_a_signature_over_the_url_as_received_is_refused(verifier: SignatureVerifier) -> None:
    """chert-contract.md section 4.1: the same request signed without decoding must not pass."""
    signature = "uXeqFLhk1MlC56aUeKnVLMC7nhXwImQW/JGQfwaSrFg="

    reason = rejection_v3(verifier, method="GET", url=ENCODED_URL, body=b"", signature=signature)

    assert RejectionReason.BAD_SIGNATURE is reason


def test_a_body_is_hashed_as_bytes(verifier: SignatureVerifier) -> None:
    """chert-contract.md section 4.1: a body beyond ASCII counts byte by byte."""
    url = "https://app.example.test/api/hubspot/widget/send?portalId=12345678"
    signature = "5q95FOJo+ZkiQ2m6lXSWmpUO+0nK66+NlEnveiMGljc="

    verifier.verify_v3("POST", url, '{"text":"Zoë — café"}'.encode(), signature, "1790000000000", NOW_MS)


@given(
    secret=st.binary(min_size=1, max_size=200),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    url=st.lists(st.sampled_from([*DECODE_TABLE, "%25", "%2B", "%3a", "%", "3A", "/", "?", "a=1", "é"])).map("".join),
    body=st.binary(max_size=300),
    age_ms=st.integers(min_value=-300_000, max_value=300_000),
)
@example(secret=b"k" * 64, method="GET", url="%253A", body=b"", age_ms=0)
@example(secret=b"k" * 65, method="GET", url="%%3A3A", body=b"", age_ms=300_000)
def test_v3_agrees_with_an_independent_implementation(
    secret: bytes, method: str, url: str, body: bytes, age_ms: int
) -> None:
    """Whatever HubSpot's rule signs is accepted within five minutes either way, as text and as bytes."""
    timestamp = str(NOW_MS - age_ms)
    signature = independent_v3(secret, method, url, body, timestamp)
    verifier = SignatureVerifier([secret])

    verifier.verify_v3(method, url, body, signature, timestamp, NOW_MS)
    verifier.verify_v3(method.encode(), url.encode(), body, signature.encode(), timestamp.encode(), NOW_MS)


@given(secret=st.binary(min_size=1), url=st.text(alphabet="a%34AF?&=", max_size=40), body=st.binary(max_size=300))
def test_v2_agrees_with_an_independent_implementation(secret: bytes, url: str, body: bytes) -> None:
    """Version 2 signs the URL as HubSpot called it, nothing decoded."""
    SignatureVerifier([secret]).verify_v2("POST", url, body, independent_v2(secret, "POST", url, body))


@given(
    method=anything,
    url=anything,
    body=st.binary(max_size=80),
    signature=st.none() | anything,
    timestamp=st.none() | anything | st.integers().map(str),
    now_ms=st.integers(),
)
@example(method="\ud800", url="", body=b"", signature="x", timestamp="1", now_ms=0)
@example(method="", url="\udfff", body=b"", signature="x", timestamp="1", now_ms=0)
@example(method="", url="", body=b"", signature="é" * 44, timestamp="1", now_ms=0)
@example(method="", url="", body=b"", signature=b"\xff" * 44, timestamp="1" * 400, now_ms=0)
@example(method="", url="", body=b"", signature="x", timestamp="٣٣٣", now_ms=0)
def test_both_checks_are_total(
    method: str | bytes,
    url: str | bytes,
    body: bytes,
    signature: str | bytes | None,
    timestamp: str | bytes | None,
    now_ms: int,
) -> None:
    """Whatever a stranger sends, the only exception is the typed rejection."""
    verifier = SignatureVerifier([SECRET])

    with pytest.raises(SignatureRejectedError):
        verifier.verify_v3(method, url, body, signature, timestamp, now_ms)
    with pytest.raises(SignatureRejectedError):
        verifier.verify_v2(method, url, body, signature)


@given(data=st.data())
def test_any_change_to_a_signed_request_is_refused(data: st.DataObject) -> None:
    """One flipped bit in method, URL, body, signature or timestamp is enough."""
    request = {
        "method": b"POST",
        "url": URL.encode(),
        "body": BODY,
        "signature": independent_v3(SECRET, "POST", URL, BODY, TIMESTAMP).encode(),
        "timestamp": TIMESTAMP.encode(),
    }
    part = data.draw(st.sampled_from(sorted(request)))
    flipped = bytearray(request[part])
    flipped[data.draw(st.integers(0, len(flipped) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    assert None is not rejection_v3(SignatureVerifier([SECRET]), **request | {part: bytes(flipped)})


@pytest.mark.parametrize(
    ("part", "value", "reason"),
    [
        ("signature", None, RejectionReason.MISSING_SIGNATURE),
        ("signature", "", RejectionReason.MISSING_SIGNATURE),
        ("signature", "not base64", RejectionReason.MALFORMED_SIGNATURE),
        ("signature", "é", RejectionReason.MALFORMED_SIGNATURE),
        ("timestamp", None, RejectionReason.MISSING_TIMESTAMP),
        ("timestamp", "", RejectionReason.MISSING_TIMESTAMP),
        ("timestamp", "1e3", RejectionReason.MALFORMED_TIMESTAMP),
        ("timestamp", "NaN", RejectionReason.MALFORMED_TIMESTAMP),
        ("timestamp", "-1790000000000", RejectionReason.MALFORMED_TIMESTAMP),
        ("timestamp", "1790000000000 ", RejectionReason.MALFORMED_TIMESTAMP),
        ("timestamp", "9" * 400, RejectionReason.MALFORMED_TIMESTAMP),
        ("method", "\ud800", RejectionReason.MALFORMED_REQUEST),
        ("url", "\ud800", RejectionReason.MALFORMED_REQUEST),
        ("method", "post", RejectionReason.BAD_SIGNATURE),
        ("url", URL.replace("https", "http"), RejectionReason.BAD_SIGNATURE),
        ("body", BODY + b" ", RejectionReason.BAD_SIGNATURE),
        ("timestamp", str(NOW_MS + 1), RejectionReason.BAD_SIGNATURE),
        ("now_ms", NOW_MS + 300_001, RejectionReason.STALE),
        ("now_ms", NOW_MS - 300_001, RejectionReason.STALE),
    ],
)
def test_a_rejection_says_why(
    verifier: SignatureVerifier, part: str, value: str | bytes | int | None, reason: RejectionReason
) -> None:
    """Each way to fail has its own reason, and a reason is all that the error's text holds."""
    request = {"signature": independent_v3(SECRET, "POST", URL, BODY, TIMESTAMP)} | {part: value}

    assert reason is rejection_v3(verifier, **request)
    assert str(reason) == str(SignatureRejectedError(reason))


def test_a_bad_signature_outside_the_window_is_a_bad_signature(verifier: SignatureVerifier) -> None:
    """Stale means that the signature is right: a forged one is never called stale."""
    signature = independent_v3(b"another secret", "POST", URL, BODY, TIMESTAMP)

    reason = rejection_v3(verifier, signature=signature, now_ms=NOW_MS + 300_001)

    assert RejectionReason.BAD_SIGNATURE is reason


def test_a_digit_cannot_move_from_the_body_into_the_timestamp(verifier: SignatureVerifier) -> None:
    """Nothing separates body and timestamp in what is signed, so a timestamp of fourteen digits is refused."""
    signature = independent_v3(SECRET, "POST", URL, b"100", TIMESTAMP)

    reason = rejection_v3(verifier, body=b"10", signature=signature, timestamp=f"0{TIMESTAMP}")

    assert RejectionReason.MALFORMED_TIMESTAMP is reason


@pytest.mark.parametrize("secret", [b"new", b"old"])
def test_any_secret_will_do_while_they_rotate(secret: bytes) -> None:
    """Requests signed before and after a rotation are both accepted, in both versions."""
    verifier = SignatureVerifier([b"new", b"old"])

    verifier.verify_v3("POST", URL, BODY, independent_v3(secret, "POST", URL, BODY, TIMESTAMP), TIMESTAMP, NOW_MS)
    verifier.verify_v2("POST", URL, BODY, independent_v2(secret, "POST", URL, BODY))


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (None, RejectionReason.MISSING_SIGNATURE),
        ("zz", RejectionReason.MALFORMED_SIGNATURE),
        ("0" * 64, RejectionReason.BAD_SIGNATURE),
    ],
)
def test_a_v2_rejection_says_why(verifier: SignatureVerifier, signature: str | None, reason: RejectionReason) -> None:
    """Version 2 knows the same reasons but those of time."""
    with pytest.raises(SignatureRejectedError) as caught:
        verifier.verify_v2("POST", URL, BODY, signature)

    assert reason is caught.value.reason


@pytest.mark.parametrize("secrets", [[], [b""], [b"secret", b""]])
def test_a_verifier_without_a_secret_cannot_be_made(secrets: list[bytes]) -> None:
    """An empty key would let anybody sign."""
    with pytest.raises(ValueError, match="client secret"):
        SignatureVerifier(secrets)
