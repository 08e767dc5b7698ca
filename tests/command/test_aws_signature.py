"""Our signature is botocore's."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from keyplan.stores.aws_signature import Credentials, authorization

WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30)


@given(
    body=st.binary(max_size=200),
    access_key=WORDS,
    secret_key=st.text(min_size=1, max_size=60),
    token=st.none() | WORDS,
    region=st.sampled_from(["eu-west-1", "us-gov-west-1", "cn-north-1"]),
    host=st.sampled_from(["secretsmanager.eu-west-1.amazonaws.com", "localhost:4443", "127.0.0.1:5000"]),
    extra=st.dictionaries(st.sampled_from(["x-amz-target", "content-type", "x-a"]), HEADER_TEXT),
    moment=st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1)),
)
def test_the_signature_is_the_one_that_botocore_makes(
    body: bytes, access_key: str, secret_key: str, token: str | None, region: str, host: str,
    extra: dict[str, str], moment: datetime,
) -> None:  # fmt: skip
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", moment.timetuple())
    request: Any = AWSRequest("POST", f"https://{host}/", headers={**extra, "host": host}, data=body)
    signer = auth.SigV4Auth(BotocoreCredentials(access_key, secret_key, token), "secretsmanager", region)
    with mock.patch.object(auth, "get_current_datetime", return_value=moment):
        signer.add_auth(request)
    headers = {**extra, "host": host, "x-amz-date": stamp}
    if token:
        headers["x-amz-security-token"] = token
    ours = authorization(
        headers, body, Credentials(access_key, secret_key, token), region=region, service="secretsmanager"
    )
    assert ours == request.headers["Authorization"]


def test_credentials_are_not_printable() -> None:
    assert repr(Credentials("a", "hidden-text", "t")) == "Credentials(hidden)"
