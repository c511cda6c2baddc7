"""The resources that a cloud assembly describes, before anything is deployed, with placeholders for references.

Names and ARNs have AWS's form, so that patterns in policies match as in a deployment.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloud_assembly
from rehearsal.emulator.permissions.service_calls.names import NAMINGS, arn_of, generated_name
from rehearsal.emulator.permissions.service_calls.resources import Resource, Resources

NOTHING = object()
"""What `AWS::NoValue` resolves to."""
MASTER_SECRET = "MasterUserSecret.SecretArn"  # noqa: S105 - an attribute's name
"""The attribute of a database whose password RDS manages."""
BOOTSTRAP_STACK = "CDKToolkit"
EXECUTION_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


@dataclass(frozen=True)
class Template:
    """One stack's template and where it goes."""

    stack: str
    account: str
    region: str
    body: Mapping[str, Any]
    parameters: Mapping[str, Any]


def assembly_templates(folder: Path) -> list[Template]:
    """Return the templates of a cloud assembly and its nested assemblies; raises AssemblyError."""
    return [
        Template(stack.name, stack.account, stack.region, stack.template, {})
        for stack in cloud_assembly.read(folder).stacks
    ]


def bootstrap_templates(body: dict[str, Any], templates: Iterable[Template], pipeline_account: str) -> list[Template]:
    """Return the bootstrap stack of each account and region that the templates go to.

    `body` is the CLI's own bootstrap template. Other accounts than the pipeline's trust it.
    """
    return [
        Template(
            BOOTSTRAP_STACK,
            account,
            region,
            body,
            {
                "TrustedAccounts": [] if account == pipeline_account else [pipeline_account],
                "TrustedAccountsForLookup": [],
                "CloudFormationExecutionPolicies": [EXECUTION_POLICY],
            },
        )
        for account, region in sorted({(item.account, item.region) for item in templates})
    ]


def resources_of(templates: Iterable[Template]) -> Resources:
    """Return the resources of the templates as if all of them were deployed."""
    return Resources(_Synthesis(templates).resources())


class _Synthesis:
    def __init__(self, templates: Iterable[Template]) -> None:
        self._templates = {(item.stack, item.account, item.region): item for item in templates}
        self._ids: dict[tuple[str, str, str], str] = {}

    def resources(self) -> Iterator[Resource]:
        for template in self._templates.values():
            scope = _Scope(self, template)
            for logical_id, definition in template.body["Resources"].items():
                condition = definition.get("Condition")
                if condition and not scope.condition(condition):
                    continue
                properties = scope.resolve(definition.get("Properties", {}))
                attributes = {}
                if properties.get("ManageMasterUserPassword"):
                    attributes[MASTER_SECRET] = scope.attribute(logical_id, MASTER_SECRET)
                yield Resource(
                    definition["Type"],
                    logical_id,
                    template.stack,
                    template.account,
                    template.region,
                    scope.ref(logical_id),
                    properties,
                    definition.get("Metadata", {}).get("aws:cdk:path", ""),
                    attributes,
                )

    def output(self, stack: str, region: str, account: str, name: str) -> Any:
        template = self._templates[stack, account, region]
        return _Scope(self, template).resolve(template.body["Outputs"][name]["Value"])


class _Scope:
    """Resolves what one template refers to."""

    def __init__(self, synthesis: _Synthesis, template: Template) -> None:
        self._synthesis = synthesis
        self._template = template
        self._pseudo = {
            "AWS::AccountId": template.account,
            "AWS::Region": template.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": template.stack,
            "AWS::StackId": (
                f"arn:aws:cloudformation:{template.region}:{template.account}:stack/{template.stack}/"
                "00000000-0000-0000-0000-000000000000"
            ),
            "AWS::NoValue": NOTHING,
        }

    def resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            function, argument = next(iter(value.items()))
            if function == "Ref":
                return self.ref(argument)
            if function.startswith("Fn::"):
                return getattr(self, "_" + function.removeprefix("Fn::"))(argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NOTHING}

    def ref(self, name: str) -> Any:
        if name in self._pseudo:
            return self._pseudo[name]
        if parameter := self._template.body.get("Parameters", {}).get(name):
            default = parameter.get("Default", "")
            if parameter["Type"] == "CommaDelimitedList":
                default = default.split(",") if default else []
            return self._template.parameters.get(name, default)
        physical_id = self._name(name)
        resource_type = self._type(name)
        naming = NAMINGS.get(resource_type)
        if naming and naming.ref_is_arn:
            return self._arn(name)
        if resource_type == "AWS::SQS::Queue":
            return f"https://sqs.{self._template.region}.amazonaws.com/{self._template.account}/{physical_id}"
        return physical_id

    def condition(self, name: str) -> bool:
        return bool(self.resolve(self._template.body["Conditions"][name]))

    def _type(self, logical_id: str) -> str:
        return self._template.body["Resources"][logical_id]["Type"]

    def _name(self, logical_id: str) -> str:
        resource_type = self._type(logical_id)
        naming = NAMINGS.get(resource_type)
        properties = self._template.body["Resources"][logical_id].get("Properties", {})
        given = self.resolve(properties[naming.property]) if naming and naming.property in properties else None
        if isinstance(given, str) and given:
            return given
        return generated_name(resource_type, logical_id, self._template.stack)

    def _arn(self, logical_id: str) -> str:
        place = {"account": self._template.account, "region": self._template.region}
        return arn_of(self._type(logical_id), self._name(logical_id), **place)

    def _GetAtt(self, argument: Any) -> Any:  # noqa: N802 - named as CloudFormation's functions
        logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self.attribute(logical_id, attribute)

    def attribute(self, logical_id: str, attribute: str) -> str:
        if (self._type(logical_id), attribute) == ("AWS::SSM::Parameter", "Value"):
            return self.resolve(self._template.body["Resources"][logical_id]["Properties"]["Value"])
        name = self._name(logical_id)
        place = {"account": self._template.account, "region": self._template.region}
        known = {
            "Arn": self._arn(logical_id) or f"{name}.Arn",
            "BackupVaultArn": self._arn(logical_id),
            "BackupVaultName": name,
            "DefaultSecurityGroup": f"sg-{name}",
            "GroupId": f"sg-{name}",
            "Name": name,
            "QueueName": name,
            "RegionalDomainName": f"{name}.s3.{self._template.region}.amazonaws.com",
            MASTER_SECRET: arn_of(
                "AWS::SecretsManager::Secret", f"rds!db-{self._template.stack}-{logical_id}", **place
            ),
        }
        return known.get(attribute, f"{name}.{attribute}")

    def _Join(self, argument: Any) -> str:  # noqa: N802
        separator, parts = argument
        return separator.join(str(part) for part in self.resolve(parts))

    def _Sub(self, argument: Any) -> str:  # noqa: N802
        text, given = (argument, None) if isinstance(argument, str) else argument
        values = self.resolve(given or {})
        for piece in text.split("${")[1:]:
            name = piece.partition("}")[0]
            if name.startswith("!"):
                continue
            value = values[name] if name in values else self._GetAtt(name) if "." in name else self.ref(name)
            text = text.replace(f"${{{name}}}", str(value))
        return text

    def _GetStackOutput(self, argument: Any) -> Any:  # noqa: N802
        reference = self.resolve(argument)
        region = reference.get("Region", self._template.region)
        return self._synthesis.output(reference["StackName"], region, self._template.account, reference["OutputName"])

    def _FindInMap(self, argument: Any) -> Any:  # noqa: N802
        name, first, second = self.resolve(argument)
        return self._template.body["Mappings"][name][first][second]

    def _Select(self, argument: Any) -> Any:  # noqa: N802
        index, items = self.resolve(argument)
        return items[int(index)]

    def _Split(self, argument: Any) -> list[str]:  # noqa: N802
        separator, text = self.resolve(argument)
        return text.split(separator)

    def _If(self, argument: Any) -> Any:  # noqa: N802
        name, then, otherwise = argument
        return self.resolve(then if self.condition(name) else otherwise)

    def _Equals(self, argument: Any) -> bool:  # noqa: N802
        left, right = self.resolve(argument)
        return left == right

    def _Not(self, argument: Any) -> bool:  # noqa: N802
        return not self._truth(argument[0])

    def _And(self, argument: Any) -> bool:  # noqa: N802
        return all(map(self._truth, argument))

    def _Or(self, argument: Any) -> bool:  # noqa: N802
        return any(map(self._truth, argument))

    def _truth(self, value: Any) -> bool:
        named = value.get("Condition") if isinstance(value, dict) else None
        return self.condition(named) if named else bool(self.resolve(value))

    def _GetAZs(self, _argument: Any) -> list[str]:  # noqa: N802
        return [f"{self._template.region}{zone}" for zone in "ab"]

    def _ImportValue(self, argument: Any) -> str:  # noqa: N802
        return str(self.resolve(argument))
