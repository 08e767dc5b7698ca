"""AWS SDK sessions and clients, configured once: for the sandbox isolated from everything of the user's.

Imports boto3 and botocore only inside its functions: they take longer than everything else a command does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from keyplan.errors import StoreError
from keyplan.stores.aws_credentials import SANDBOX_CREDENTIALS

if TYPE_CHECKING:
    import botocore.session
    from botocore.config import Config

    from keyplan.endpoints import Endpoint

ATTEMPTS = 5
# A sandbox that does not listen will not listen after four waits either.
SANDBOX_ATTEMPTS = 2
TERMINAL = "/dev/tty"


def session(endpoint: Endpoint | None, profile: str | None = None) -> botocore.session.Session:
    """botocore's session: the user's, or for the sandbox one that reads no file and no variable of the
    user's.

    Args:
        profile: the user's profile to take, whatever AWS_PROFILE says.
    """
    import botocore.session

    if endpoint is None or not endpoint.is_sandbox:
        found = botocore.session.Session(profile=profile)
        # botocore's own way to ask for a code falls back to standard input, where a value may be waiting.
        found.get_component("credential_provider").get_provider("assume-role")._prompter = _mfa_code
        return found
    # (configuration file's name, variable, default, conversion): no name and no variable leaves the default.
    fixed: dict[str, Any] = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    isolated = botocore.session.Session(session_vars=fixed)
    isolated.set_credentials(SANDBOX_CREDENTIALS.access_key, SANDBOX_CREDENTIALS.secret_key)
    return isolated


def _mfa_code(prompt: str) -> str:
    """A code from the person at the terminal, for a profile with `mfa_serial`."""
    import getpass

    try:
        os.close(os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY))
        return getpass.getpass(prompt)
    except (OSError, EOFError):
        raise StoreError(
            "the AWS profile asks for an MFA code, and there is no terminal to ask on",
            "in a terminal, `aws configure export-credentials --profile NAME --format env` prints variables "
            "that do without",
        ) from None


def configuration(endpoint: Endpoint | None, timeout_seconds: float) -> Config:
    """How clients connect: with retries, within a time limit, and in the sandbox past every proxy."""
    from botocore.config import Config

    is_sandbox = endpoint is not None and endpoint.is_sandbox
    common: dict[str, Any] = {
        "retries": {"total_max_attempts": SANDBOX_ATTEMPTS if is_sandbox else ATTEMPTS, "mode": "standard"},
        "connect_timeout": min(timeout_seconds, 10.0),
        "read_timeout": timeout_seconds,
        "user_agent_extra": "keyplan",
    }
    if is_sandbox:
        common["proxies"] = {}
    return Config(**common)


def client(
    service: str, region: str, endpoint: Endpoint | None, timeout_seconds: float, *, from_session: Any = None
) -> Any:
    """A boto3 client of `service`; one session can serve several."""
    import boto3

    # boto3-stubs has no overload for a service that is known at run time only, hence Any.
    make: Any = boto3.Session(botocore_session=from_session or session(endpoint), region_name=region).client
    return make(
        service,
        endpoint_url=endpoint.url if endpoint else None,
        config=configuration(endpoint, timeout_seconds),
    )
