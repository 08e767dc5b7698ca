"""The Lambda target: role and variables of a function's configuration.

Lambda shows a function's variables to everybody who may read its configuration, so no value is ever put
there: the function gets the secret's ARN and reads by itself, through AWS's extension or the SDK
(docs/wiring.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.consumers import keys_of, plain_variables, references, refused, role_of
from keyplan.wiring.syntax import json

# Source: Lambda API Reference, Environment.Variables, and Lambda Developer Guide, "Lambda quotas" and
# "Working with Lambda environment variables": names, reserved names, 4 KB for all of them together.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
VARIABLES_MAX_BYTES = 4096
REGION_VARIABLE = "AWS_REGION"
RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The fragment as JSON, with the field names of CreateFunction and UpdateFunctionConfiguration.

    Raises:
        UsageError: a variable that Lambda would refuse, all of them over 4 KB, or AWS_REGION with another
            region than the function's.
    """
    plain = without_own_region(manifest, consumer, plain_variables(consumer))
    variables = plain | references(consumer, keys_of(manifest, consumer))
    require_variables(consumer, variables)
    return json.render({"Role": role_of(consumer), "Environment": {"Variables": variables}})


def without_own_region(
    manifest: Manifest, consumer: ManifestConsumer, variables: dict[str, str]
) -> dict[str, str]:
    """The variables without AWS_REGION where it is the function's own: Lambda sets that one, and no other.

    Raises:
        UsageError: it is another region, which the function could not get.
    """
    here = manifest.on_aws().region
    if variables.get(REGION_VARIABLE, here) != here:
        raise refused(
            consumer,
            REGION_VARIABLE,
            f"Lambda sets it itself, to the function's own region, {here}; ask for the models there, or give "
            "the client its region in the program",
        )
    return {name: value for name, value in variables.items() if name != REGION_VARIABLE}


def require_variables(consumer: ManifestConsumer, variables: Mapping[str, str]) -> None:
    """Raise UsageError for a variable that Lambda would refuse, or all of them over 4 KB."""
    for name in variables:
        if name in RESERVED:
            raise refused(consumer, name, "Lambda sets it itself and refuses it from a configuration")
        if _NAME.fullmatch(name) is None:
            raise refused(consumer, name, "Lambda wants a letter first and two characters at least")
    size_bytes = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
    if size_bytes > VARIABLES_MAX_BYTES:
        raise UsageError(
            f"the variables of {consumer.name} take {size_bytes} bytes, "
            f"and Lambda holds {VARIABLES_MAX_BYTES} for a function",
            f"shorten consumers.{consumer.name}.env in the environment's configuration",
        )
