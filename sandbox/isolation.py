"""The environment that the sandbox's processes run in: nothing of the user's clouds and keys, and no proxy.

A profile, a credential or a proxy of the user must neither be read nor receive a request that was meant for
the machine itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

REGION_DEFAULT = "eu-west-1"
# moto takes any credentials; these are recognisably not real ones.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}
DROPPED_PREFIXES = ("AWS_", "BOTO_", "MOTO_", "ANTHROPIC_", "PULUMI_")
# The server lives long, and everybody who may look at its process would see what it inherited.
DROPPED_ENDINGS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD", "_PASSPHRASE", "_CREDENTIALS")
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
LOOPBACK = "127.0.0.1,localhost"
# What this process had before it was isolated, for the few programs that are to leave the machine.
_proxies: dict[str, str] = {}


def isolated(environment: Mapping[str, str], region: str = REGION_DEFAULT) -> dict[str, str]:
    """The environment without the user's AWS settings and proxies, with what the sandbox needs instead."""
    kept = {
        name: text
        for name, text in environment.items()
        if not name.startswith(DROPPED_PREFIXES)
        and not name.upper().endswith(DROPPED_ENDINGS)
        and name.lower() not in PROXY_VARIABLES
    }
    return {
        **kept,
        **CREDENTIALS,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": LOOPBACK,
        "no_proxy": LOOPBACK,
    }


def isolate_this_process(region: str = REGION_DEFAULT) -> None:
    """Replace this process's environment; for a command's own process, before anything imports an SDK."""
    for name, text in os.environ.items():
        if name.lower() in (*PROXY_VARIABLES, "no_proxy"):
            _proxies.setdefault(name, text)
    wanted = isolated(os.environ, region)
    for name in set(os.environ) - set(wanted):
        del os.environ[name]
    os.environ.update(wanted)


def with_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the user's proxies as they were before isolate_this_process took them away."""
    return {**environment, **_proxies}
