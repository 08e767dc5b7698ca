"""Lambda functions from an archive, and who may invoke them."""

from __future__ import annotations

import base64
import hashlib
import json
from types import MappingProxyType
from typing import Any

from sandbox.provider.archives import content
from sandbox.provider.cloud import Cloud
from sandbox.provider.errors import MissingError
from sandbox.provider.handler import (
    Created,
    Handler,
    Properties,
    id_parts,
    tag_changes,
    tag_outputs,
)
from sandbox.provider.values import present

# Property -> parameter of CreateFunction and UpdateFunctionConfiguration.
CONFIGURATION = {
    "role": "Role",
    "handler": "Handler",
    "runtime": "Runtime",
    "description": "Description",
    "memorySize": "MemorySize",
    "timeout": "Timeout",
}


class Function(Handler):
    """Id: the function's name. The code is an archive; code in S3 and images are not known here."""

    kind = "aws:lambda/function:Function"
    service = "lambda"
    required = ("role", "code", "handler", "runtime")
    optional = (
        "name",
        "description",
        "memorySize",
        "timeout",
        "environment",
        "architectures",
        "reservedConcurrentExecutions",
        "sourceCodeHash",
        "tags",
    )
    fixed = ("name",)
    computed = (
        "arn",
        "codeSha256",
        "invokeArn",
        "lastModified",
        "qualifiedArn",
        "sourceCodeSize",
        "version",
    )
    local = ("sourceCodeHash",)
    defaults = MappingProxyType(
        {
            "memorySize": 128,
            "timeout": 3,
            "architectures": ["x86_64"],
            "reservedConcurrentExecutions": -1,
        }
    )
    nested = MappingProxyType({"environment": ("variables",)})
    name_length = 64

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """CreateFunction with the zipped archive."""
        client = self.aws(cloud, new)
        packed = content(new["code"])
        function = client.create_function(
            FunctionName=new["name"],
            Code={"ZipFile": packed},
            Architectures=new["architectures"],
            Tags=dict(new["tagsAll"]),
            **present(
                Environment=new.get("environment") and _environment(new),
                **{parameter: new.get(name) for name, parameter in CONFIGURATION.items()},
            ),
        )
        return Created(new["name"], {**_outputs(function), **_code_outputs(packed)})

    def complete(self, cloud: Cloud, id_: str, new: Properties) -> None:
        """The reserved concurrency has a call of its own."""
        if new["reservedConcurrentExecutions"] >= 0:
            self._reserve(self.aws(cloud, new), id_, new)

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """GetFunction. The archive itself cannot be read back, so the known one is returned."""
        client = self.aws(cloud, known)
        answer = client.get_function(FunctionName=id_)
        function = answer["Configuration"]
        variables = function.get("Environment", {}).get("Variables")
        reserved = answer.get("Concurrency", {}).get("ReservedConcurrentExecutions", -1)
        return {
            "name": function["FunctionName"],
            "architectures": function.get("Architectures", ["x86_64"]),
            "reservedConcurrentExecutions": reserved,
            "codeSha256": function["CodeSha256"],
            "sourceCodeSize": function["CodeSize"],
            **present(
                code=known.get("code"),
                environment={"variables": variables} if variables else None,
                **{name: function.get(parameter) for name, parameter in CONFIGURATION.items()},
            ),
            **tag_outputs(answer.get("Tags") or {}),
            **_outputs(function),
        }

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """Code, configuration, concurrency and tags each have their own call."""
        client = self.aws(cloud, new)
        outputs: dict[str, Any] = {}
        if changed & {"code", "architectures"}:
            packed = content(new["code"])
            function = client.update_function_code(
                FunctionName=id_, ZipFile=packed, Architectures=new["architectures"]
            )
            outputs = {**_code_outputs(packed), "lastModified": function["LastModified"]}
        if changed & {*CONFIGURATION, "environment"}:
            function = client.update_function_configuration(
                FunctionName=id_,
                Environment=_environment(new),
                Description=new.get("description", ""),
                **present(
                    **{
                        parameter: new.get(name)
                        for name, parameter in CONFIGURATION.items()
                        if name != "description"
                    }
                ),
            )
            outputs["lastModified"] = function["LastModified"]
        if "reservedConcurrentExecutions" in changed:
            self._reserve(client, id_, new)
        if "tagsAll" in changed:
            arn = client.get_function_configuration(FunctionName=id_)["FunctionArn"]
            removed, added = tag_changes(old, new)
            if removed:
                client.untag_resource(Resource=arn, TagKeys=removed)
            if added:
                client.tag_resource(Resource=arn, Tags=added)
        return outputs

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """DeleteFunction."""
        self.aws(cloud, known).delete_function(FunctionName=id_)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By name."""
        return str(new["name"])

    def _reserve(self, client: Any, name: str, new: Properties) -> None:
        """-1 stands for no reservation."""
        reserved = new["reservedConcurrentExecutions"]
        if reserved >= 0:
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
        else:
            client.delete_function_concurrency(FunctionName=name)


class Permission(Handler):
    """A statement of a function's resource policy. Id: `FUNCTION/STATEMENT`, as imports have it."""

    kind = "aws:lambda/permission:Permission"
    service = "lambda"
    required = ("action", "function", "principal")
    optional = ("sourceAccount", "sourceArn", "principalOrgId", "statementId", "statementIdPrefix")
    fixed = (*required, *optional)
    identity = ("function", "statementId")
    name_property = "statementId"
    name_length = 100

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """AddPermission."""
        self.aws(cloud, new).add_permission(
            FunctionName=new["function"],
            StatementId=new["statementId"],
            Action=new["action"],
            Principal=new["principal"],
            **present(
                SourceArn=new.get("sourceArn"),
                SourceAccount=new.get("sourceAccount"),
                PrincipalOrgID=new.get("principalOrgId"),
            ),
        )
        return Created(f"{_function_name(new['function'])}/{new['statementId']}")

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """GetPolicy shows every statement; the one with this id is the resource."""
        function, statement_id = _function_and_statement(id_)
        statement = self._statement(cloud, known, function, statement_id)
        if statement is None:
            return None
        principal = statement["Principal"]
        condition = statement.get("Condition") or {}
        equals = condition.get("StringEquals") or {}
        if isinstance(principal, dict):
            principal = principal.get("Service") or principal.get("AWS")
        return {
            "function": known.get("function") or function,
            "statementId": statement_id,
            "action": statement["Action"],
            "principal": principal,
            **present(
                sourceArn=(condition.get("ArnLike") or {}).get("AWS:SourceArn"),
                sourceAccount=equals.get("AWS:SourceAccount"),
                principalOrgId=equals.get("aws:PrincipalOrgID"),
            ),
        }

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """Never called: every property is fixed."""
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """RemovePermission; moto answers a statement that is gone with success or not found."""
        function, statement_id = _function_and_statement(id_)
        if self._statement(cloud, known, function, statement_id) is None:
            raise MissingError(f"the permission `{statement_id}` does not exist")
        self.aws(cloud, known).remove_permission(FunctionName=function, StatementId=statement_id)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By function and statement id."""
        return f"{_function_name(new['function'])}/{new['statementId']}"

    def _statement(
        self, cloud: Cloud, known: Properties, function: str, statement_id: str
    ) -> dict[str, Any] | None:
        policy = json.loads(self.aws(cloud, known).get_policy(FunctionName=function)["Policy"])
        for statement in policy["Statement"]:
            if statement.get("Sid") == statement_id:
                return dict(statement)
        return None


def _environment(new: Properties) -> dict[str, Any]:
    return {"Variables": (new.get("environment") or {}).get("variables") or {}}


def _function_and_statement(id_: str) -> tuple[str, str]:
    return id_parts(id_, "/", "FUNCTION/STATEMENT", last=True)


def _function_name(name_or_arn: str) -> str:
    return name_or_arn.rsplit(":", 1)[-1]


def _outputs(function: Any) -> dict[str, Any]:
    arn = function["FunctionArn"]
    partition, region = arn.split(":")[1], arn.split(":")[3]
    path = f"2015-03-31/functions/{arn}/invocations"
    return {
        "arn": arn,
        "invokeArn": f"arn:{partition}:apigateway:{region}:lambda:path/{path}",
        "qualifiedArn": f"{arn}:{function['Version']}",
        "version": function["Version"],
        "lastModified": function["LastModified"],
    }


def _code_outputs(packed: bytes) -> dict[str, Any]:
    digest = base64.b64encode(hashlib.sha256(packed).digest()).decode()
    return {"codeSha256": digest, "sourceCodeSize": len(packed)}
