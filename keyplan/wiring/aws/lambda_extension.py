"""The Lambda target with a cache: AWS's extension reads for the function, and keeps a value five minutes.

A CloudFormation template, because it alone can name the extension's layer as AWS publishes it: the ARN
differs by region and processor and changes with each version, and CloudFormation looks it up where it
deploys. The function's code in it asks the extension; the SDK is not needed.

Source: Systems Manager User Guide, "Using Parameter Store parameters in AWS Lambda functions" (the public
parameters with the layer's ARN, the token's header, the environment variables, "only in the INVOKE phase",
SnapStart) and Secrets Manager User Guide, "Use AWS Secrets Manager secrets in AWS Lambda functions" (the
address); CloudFormation User Guide, "Dynamic references"; checked 2026-11-21.
"""

from __future__ import annotations

import json

from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey
from keyplan.wiring.aws.lambda_function import require_variables, without_own_region
from keyplan.wiring.consumers import keys_of, plain_of, references, refused, role_of
from keyplan.wiring.syntax.yaml import Block, Node, Noted, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

LAYER = "/aws/service/aws-parameters-and-secrets-lambda-extension/x86/latest"
RUNTIME = "python3.13"
TIMEOUT_SECONDS = 10  # longer than the sample waits for the extension; Lambda's default is 3
CACHE_VARIABLE = "SECRETS_MANAGER_TTL"
CACHE_SECONDS = 300  # the extension's own default and greatest, written down so that a review sees it
_DYNAMIC = "{{resolve:"
_NO_CODE = """\
def handler(event, context):
    return "it reads no key"
"""
_ADVICE = """\
Take the properties into your own function, or deploy it as it is:
  aws cloudformation deploy --stack-name STACK --template-file FILE"""
_LAYER_NOTE = """\
The extension's newest version for this region and x86_64. For arm64 write `arm64` in place of `x86`, and
`Architectures: [arm64]`."""
_CACHE_NOTE = "What `keyplan put` stored is here after these seconds at most; 0 asks for every read."
_CODE_NOTE = """\
Replace the handler by yours. The extension answers during an invocation only: read in the handler, not
while the module is loaded. With SnapStart there is no AWS_SESSION_TOKEN: take the token from the SDK's
credentials."""
_CODE = """\
import json
import os
import urllib.parse
import urllib.request


def read_key(variable):
    secret = urllib.parse.quote(os.environ[f"{variable}_SECRET_ARN"], safe="")
    port = os.environ.get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773")
    request = urllib.request.Request(
        f"http://localhost:{port}/secretsmanager/get?secretId={secret}",
        headers={"X-Aws-Parameters-Secrets-Token": os.environ["AWS_SESSION_TOKEN"]},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(json.load(answer)["SecretString"])[variable]


def handler(event, context):
"""


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The template: one function, with the layer and a handler that reads every key.

    Raises:
        UsageError: a variable that Lambda would refuse or CloudFormation replace, or all of them over 4 KB.
        ManifestError: the consumer has no role.
    """
    keys = keys_of(manifest, consumer)
    plain = without_own_region(manifest, consumer, plain_of(consumer))
    for name, value in plain.items():
        if _DYNAMIC in value:
            raise refused(consumer, name, "CloudFormation would put something else in place of {{resolve:…}}")
    cache = {CACHE_VARIABLE: str(CACHE_SECONDS)} if keys else {}
    variables = cache | plain | references(consumer, keys)
    require_variables(consumer, variables)
    properties: dict[str, Node] = {
        "Role": role_of(consumer),
        "Runtime": RUNTIME,
        "Handler": "index.handler",
        "Timeout": TIMEOUT_SECONDS,
        **({"Layers": Noted(_LAYER_NOTE, [f"{{{{resolve:ssm:{LAYER}}}}}"])} if keys else {}),
        **({"Environment": {"Variables": _noted(variables)}} if variables else {}),
        "Code": Noted(_CODE_NOTE, {"ZipFile": Block(_code(keys))}) if keys else {"ZipFile": Block(_NO_CODE)},
    }
    function: dict[str, Node] = {"Type": "AWS::Lambda::Function", "Properties": properties}
    heading = (
        f"Keys of {consumer.name} in {manifest.environment}, for a Lambda function in "
        f"{manifest.on_aws().region}; no value of a key is in here.\n{_ADVICE}"
    )
    return "\n".join(comment(heading)) + "\n" + render_yaml({"Resources": {"Function": function}})


def _noted(variables: dict[str, str]) -> dict[str, Node]:
    return {
        name: Noted(_CACHE_NOTE, value) if name == CACHE_VARIABLE else value
        for name, value in variables.items()
    }


def _code(keys: tuple[ManifestKey, ...]) -> str:
    names = json.dumps([key.env_var for key in keys])
    return f"{_CODE}    keys = {{name: read_key(name) for name in {names}}}\n    return sorted(keys)\n"
