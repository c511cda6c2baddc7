"""A cloud assembly's stacks, with their templates and what the manifests say of them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from cloud_assembly.errors import AssemblyError

PIPELINE: Final = "AWS::CodePipeline::Pipeline"
"""The resource type by which the pipeline's stack is found."""

NESTED_STACK: Final = "AWS::CloudFormation::Stack"
"""The resource type of a nested stack."""

REVIEWS: Final = "change-reviews.json"
"""The file in an assembly that lists its change reviews, one for each environment."""
ENVIRONMENT_TAG: Final = "Environment"
"""The tag that all taggable resources of an environment have."""

REGION: Final = r"[a-z]{2,3}(?:-[a-z]+)+-\d+"
"""The form of a region's name."""

_ASSET_PATH: Final = "aws:asset:path"
"""The entry of a resource's metadata with the file of its asset, relative to its assembly."""
_STACK: Final = "aws:cloudformation:stack"
_NESTED: Final = "cdk:cloud-assembly"
_ASSETS: Final = "cdk:asset-manifest"
_BOOTSTRAP_PARAMETER: Final = "/cdk-bootstrap/hnb659fds/version"
_UNKNOWN_ACCOUNT: Final = "unknown-account"
_UNKNOWN_REGION: Final = "unknown-region"


@dataclass(frozen=True)
class AwsEnvironment:
    """An account and a region, the target of a deployment."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A synthesized stack."""

    name: str
    account: str
    region: str
    template: dict[str, Any]
    template_file: str = ""
    """The template's file, relative to the folder of the outermost assembly."""
    template_bytes: int = 0
    """The size of the template's file, which is uploaded as it is."""
    display_name: str = ""
    """Its id as `cdk deploy` takes it."""
    stage: str | None = None
    """The pipeline stage that deploys it, such as `Dev`; None: it belongs to no stage."""
    family: str = ""
    """The common prefix of its stage's stack names, such as `yawl-dev`; outside of a stage its own name."""
    dependencies: frozenset[str] = frozenset()
    """Names of the stacks of its assembly that must be deployed before it."""
    bootstrap_version: int = 0
    """The lowest bootstrap version that can deploy the stack and read its account."""
    bootstrap_parameter: str = _BOOTSTRAP_PARAMETER
    """The Parameter Store parameter with the account's bootstrap version."""
    asset_bucket: str = ""
    """The bucket with its template and the code of its functions; empty: the template is not uploaded."""
    lookup_role_arn: str | None = None
    """The bootstrap role that reads the account; None: the caller's own credentials do."""
    deploy_role_arn: str | None = None
    """The bootstrap role that changes the account's stacks; None: the caller's own credentials do."""
    execution_role_arn: str | None = None
    """The bootstrap role that CloudFormation assumes; None: CloudFormation uses the caller's permissions."""
    asset_destinations: tuple[Mapping[str, str], ...] = ()
    """Where its files and images are published, as in the asset manifest: `bucketName`, `repositoryName`, roles."""
    metadata: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """The manifest's metadata entries by construct path."""

    @property
    def aws_environment(self) -> AwsEnvironment:
        """The account and region it is deployed to."""
        return AwsEnvironment(self.account, self.region)

    @property
    def is_agnostic(self) -> bool:
        """Whether it names no account, or no region: it can be deployed to any."""
        return self.account == _UNKNOWN_ACCOUNT or self.region == _UNKNOWN_REGION

    def deployed_to(self, default: AwsEnvironment) -> "Stack":
        """Return the stack with the default account or region wherever it names none."""
        if not self.is_agnostic:
            return self
        account = default.account if self.account == _UNKNOWN_ACCOUNT else self.account
        region = default.region if self.region == _UNKNOWN_REGION else self.region

        def known(text: str) -> str:
            found = text.replace(_UNKNOWN_ACCOUNT, account).replace(_UNKNOWN_REGION, region)
            return found.replace(f"arn:{self.partition}:", f"arn:{partition_of(region)}:")

        return replace(
            self,
            account=account,
            region=region,
            asset_bucket=known(self.asset_bucket),
            asset_destinations=tuple(
                {key: known(text) for key, text in one.items()} for one in self.asset_destinations
            ),
            lookup_role_arn=self.lookup_role_arn and known(self.lookup_role_arn),
            deploy_role_arn=self.deploy_role_arn and known(self.deploy_role_arn),
            execution_role_arn=self.execution_role_arn and known(self.execution_role_arn),
        )

    @property
    def partition(self) -> str:
        """The AWS partition of its region."""
        return partition_of(self.region)

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The template's resources by logical id."""
        return self.template.get("Resources", {})

    def of_type(self, resource_type: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the logical ids and properties of the resources of the type."""
        for logical_id, resource in self.resources.items():
            if resource["Type"] == resource_type:
                yield logical_id, resource.get("Properties", {})

    def nested(self, directory: Path) -> Iterator["Stack"]:
        """Yield its nested stacks, at any depth, whose templates are in the outermost assembly's `directory`.

        The name of each is `PARENT/LOGICAL_ID`; CloudFormation generates another.
        """
        for logical_id, resource in self.resources.items():
            asset = (resource.get("Metadata") or {}).get(_ASSET_PATH)
            if resource["Type"] != NESTED_STACK or not isinstance(asset, str):
                continue
            file = str(Path(self.template_file).parent / asset)
            if (directory / file).is_file():
                template, name = _read(directory / file), f"{self.name}/{logical_id}"
                found = replace(self, name=name, template=template, template_file=file, metadata={})
                yield found
                yield from found.nested(directory)

    def text(self, value: Any) -> str:
        """Return the text of a template's value; `*` replaces what only a deployment knows."""
        if isinstance(value, str):
            return value
        if not isinstance(value, dict) or len(value) != 1:
            return "*"
        [(function, argument)] = value.items()
        if function == "Ref":
            return self._pseudo_parameters().get(argument, "*")
        if function == "Fn::Join":
            separator, parts = argument
            return separator.join(self.text(part) for part in parts) if isinstance(parts, list) else "*"
        if function == "Fn::Sub" and isinstance(argument, str):
            for name, text in self._pseudo_parameters().items():
                argument = argument.replace(f"${{{name}}}", text)
            return argument if "${" not in argument else "*"
        return "*"

    def _pseudo_parameters(self) -> dict[str, str]:
        return {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": self.partition,
            "AWS::StackName": self.name,
            "AWS::URLSuffix": "amazonaws.com",
        }


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly with all nested assemblies."""

    directory: Path
    stacks: tuple[Stack, ...]
    """The stacks outside of stages come first; otherwise in the order of the manifests."""

    @property
    def stages(self) -> dict[str, list[Stack]]:
        """The stacks of each stage by the stage's name."""
        found: dict[str, list[Stack]] = {}
        for stack in self.stacks:
            if stack.stage is not None:
                found.setdefault(stack.stage, []).append(stack)
        return found

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments' names in the order of delivery; empty for an assembly that does not list its reviews."""
        file = self.directory / REVIEWS
        return tuple(one["environment"] for one in json.loads(file.read_text())) if file.exists() else ()

    @property
    def own_stacks(self) -> list[Stack]:
        """The stacks outside of all stages: the pipeline's."""
        return [stack for stack in self.stacks if stack.stage is None]

    @property
    def pipeline(self) -> Stack:
        """The stack with the pipeline; raises AssemblyError unless exactly one stack has one."""
        found = [stack for stack in self.own_stacks if any(stack.of_type(PIPELINE))]
        if len(found) != 1:
            names = ", ".join(stack.name for stack in found) or "none"
            raise AssemblyError(f"{self.directory} must have exactly one stack with an {PIPELINE}; found: {names}")
        return found[0]

    @property
    def home(self) -> AwsEnvironment:
        """The pipeline's account and region; raises AssemblyError like `pipeline`."""
        return self.pipeline.aws_environment

    @property
    def aws_environments(self) -> list[AwsEnvironment]:
        """Every account and region that is deployed to, the pipeline's own first; raises AssemblyError."""
        return list(dict.fromkeys([self.home, *(stack.aws_environment for stack in self.stacks)]))


def read(directory: Path) -> Assembly:
    """Read the assembly in `directory`, which may also be the nested one of a stage.

    Raises AssemblyError if there is none, if a part of it cannot be read, or if it has no stacks.
    """
    stacks = tuple(_stacks(directory, directory, stage=None))
    if not stacks:
        raise AssemblyError(f"{directory} has no stacks; synthesize first: cdk synth")
    return Assembly(directory, stacks)


def partition_of(region: str) -> str:
    """Return the AWS partition of a region."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def environment_tag(template: Mapping[str, Any]) -> str | None:
    """Return the environment that the template's resources are tagged with; None if they are not, or not with one.

    Every stack of an environment has tagged resources, those of earlier releases as well. In a further region, the tag
    is the environment's name followed by the region.
    """
    found: list[Any] = []
    for resource in template.get("Resources", {}).values():
        tags = (resource.get("Properties") or {}).get("Tags")
        if isinstance(tags, dict):
            found.append(tags.get(ENVIRONMENT_TAG))
        elif isinstance(tags, list):
            found += [tag.get("Value") for tag in tags if isinstance(tag, dict) and tag.get("Key") == ENVIRONMENT_TAG]
    names = {value for value in found if isinstance(value, str)}
    return names.pop() if len(names) == 1 else None


def is_in_further_region(tag: str, environment: str) -> bool:
    """Return whether a tag is the environment's name followed by a region."""
    region = tag.removeprefix(f"{environment}-")
    return region != tag and re.fullmatch(REGION, region) is not None


def common_prefix(names: Sequence[str]) -> str:
    """Return the common prefix of the names, up to its last hyphen: `yawl-prod-`; empty if there is none."""
    # The prefix that the alphabetically first and last names share is common to all of them.
    pairs = zip(min(names), max(names), strict=False)
    prefix = "".join(letter for letter, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return prefix[: prefix.rfind("-") + 1]


def _stacks(root: Path, directory: Path, *, stage: str | None) -> Iterator[Stack]:
    artifacts = _read(directory / "manifest.json").get("artifacts", {})
    names = {
        identifier: artifact["properties"].get("stackName", identifier)
        for identifier, artifact in artifacts.items()
        if artifact["type"] == _STACK
    }
    family = common_prefix(list(names.values())).removesuffix("-") if stage is not None and names else ""
    for identifier, name in names.items():
        artifact = artifacts[identifier]
        stack = _stack(directory, artifact, names, name=name, stage=stage, family=family or name)
        yield replace(
            stack,
            template_file=str((directory / stack.template_file).relative_to(root)),
            asset_destinations=tuple(
                {key: _resolved(str(value), stack.account, stack.region) for key, value in destination.items()}
                for destination in _destinations(directory, artifact, artifacts)
            ),
        )
    for artifact in artifacts.values():
        if artifact["type"] == _NESTED:
            properties = artifact["properties"]
            nested = directory / properties["directoryName"]
            yield from _stacks(root, nested, stage=properties.get("displayName", nested.name).rpartition("/")[2])


def _stack(
    directory: Path, artifact: Mapping[str, Any], names: Mapping[str, str], *, name: str, stage: str | None, family: str
) -> Stack:
    account, region = artifact["environment"].removeprefix("aws://").split("/")
    properties = artifact["properties"]
    lookup = properties.get("lookupRole", {})

    def resolved(text: str | None) -> str | None:
        return text and _resolved(text, account, region)

    metadata = dict(artifact.get("metadata") or {})
    if file := artifact.get("additionalMetadataFile"):
        metadata |= _read(directory / file)
    return Stack(
        name=name,
        account=account,
        region=region,
        template=_read(directory / properties["templateFile"]),
        template_file=properties["templateFile"],
        template_bytes=(directory / properties["templateFile"]).stat().st_size,
        display_name=artifact.get("displayName", name),
        stage=stage,
        family=family,
        dependencies=frozenset(names[one] for one in artifact.get("dependencies", ()) if one in names),
        bootstrap_version=max(
            properties.get("requiresBootstrapStackVersion", 0), lookup.get("requiresBootstrapStackVersion", 0)
        ),
        bootstrap_parameter=properties.get("bootstrapStackVersionSsmParameter", _BOOTSTRAP_PARAMETER),
        asset_bucket=(resolved(properties.get("stackTemplateAssetObjectUrl")) or "")
        .removeprefix("s3://")
        .partition("/")[0],
        lookup_role_arn=resolved(lookup.get("arn")),
        deploy_role_arn=resolved(properties.get("assumeRoleArn")),
        execution_role_arn=resolved(properties.get("cloudFormationExecutionRoleArn")),
        metadata=metadata,
    )


def _resolved(text: str, account: str, region: str) -> str:
    """Return a manifest's text without placeholders."""
    values = {"AWS::AccountId": account, "AWS::Region": region, "AWS::Partition": partition_of(region)}
    for parameter, value in values.items():
        text = text.replace(f"${{{parameter}}}", value)
    return text


def _destinations(
    directory: Path, artifact: Mapping[str, Any], artifacts: Mapping[str, Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """Yield where the stack's files and images are published."""
    for identifier in artifact.get("dependencies", ()):
        if identifier in artifacts and artifacts[identifier]["type"] == _ASSETS:
            manifest = _read(directory / artifacts[identifier]["properties"]["file"])
            for asset in (*manifest.get("files", {}).values(), *manifest.get("dockerImages", {}).values()):
                yield from asset["destinations"].values()


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text())
    except FileNotFoundError:
        raise AssemblyError(f"{file} does not exist; synthesize first: cdk synth") from None
    except (OSError, ValueError) as error:
        raise AssemblyError(f"{file} cannot be read: {error}; synthesize again: cdk synth") from None
    if not isinstance(document, dict):
        raise AssemblyError(f"{file} cannot be read: not a JSON object; synthesize again: cdk synth")
    return document
