import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.hubspot.signing import (
    V3_DECODED,
    SignatureVersion,
    decode_uri,
    sign_v1,
    sign_v2,
    sign_v3,
    signature_headers,
)

VECTORS = json.loads(Path(__file__).with_name("signature-vectors.json").read_text())["vectors"]


def _signature(vector: dict[str, str], uri: str) -> str:
    body = vector["body"].encode()
    if vector["version"] == "v1":
        return sign_v1(vector["secret"], body)
    if vector["version"] == "v2":
        return sign_v2(vector["secret"], vector["method"], uri, body)
    return sign_v3(vector["secret"], vector["method"], uri, body, vector["timestamp"])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_every_vector_agrees(vector: dict[str, str]) -> None:
    """A signature equals the one that HubSpot's own test suites expect."""
    assert vector["expected_signature"] == _signature(vector, vector["uri"])


@pytest.mark.parametrize(
    ("method", "uri", "body", "signature"),
    [
        (
            "GET",
            "https://app.example.test/api/hubspot/widget/context?portalId=12345678&userEmail=rep%40acme.test&note=a%20b",
            "",
            "2X1Q3U+F0CsHKsTOPykRJwpAfCpRxv06eYdq71aYiW4=",
        ),
        (
            "POST",
            "https://app.example.test/api/hubspot/widget/send?portalId=12345678",
            '{"text":"Zoë — café"}',
            "5q95FOJo+ZkiQ2m6lXSWmpUO+0nK66+NlEnveiMGljc=",
        ),
    ],
)
def test_v3_covers_the_decoded_uri_and_the_bytes(method: str, uri: str, body: str, signature: str) -> None:
    """The URI on the wire is decoded by the table before it is signed; the body counts in UTF-8."""
    assert signature == sign_v3("unit-test-client-secret", method, uri, body.encode(), "1790000000000")


def test_every_code_of_the_table_is_decoded() -> None:
    """Exactly the twelve codes are decoded, once; all others stay."""
    encoded = "".join(V3_DECODED)

    assert ":/?@!$'()*,;" == decode_uri(encoded)
    assert "%2B%20%26%3D%25%23%3a" == decode_uri("%2B%20%26%3D%25%23%3a")
    assert "%2540" == decode_uri("%2540")


@given(st.text(alphabet=st.sampled_from("abc%240FA:/?@=& "), max_size=60))
def test_decoding_never_fails(uri: str) -> None:
    """Whatever stands in a URI, decoding it gives a text that is not longer."""
    assert len(decode_uri(uri)) <= len(uri)


def test_headers_name_what_they_carry() -> None:
    """v2 says its version, v3 has its own header, and the timestamp is in milliseconds."""
    headers = signature_headers(
        [SignatureVersion.V2, SignatureVersion.V3], secret="s", method="POST", uri="http://h/x", body=b"{}", now=1.5
    )

    assert "v2" == headers["X-HubSpot-Signature-Version"]
    assert "1500" == headers["X-HubSpot-Request-Timestamp"]
    assert sign_v3("s", "POST", "http://h/x", b"{}", "1500") == headers["X-HubSpot-Signature-v3"]
