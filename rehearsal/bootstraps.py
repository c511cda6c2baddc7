"""How each account and region must be bootstrapped, as the manifests of the stacks say."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cloud_assembly import AwsEnvironment, Stack
from rehearsal.gaps import Gap, GapKind

DEFAULT_QUALIFIER = "hnb659fds"
"""The CDK's qualifier of bootstrap resources."""
STACK_NAME = "CDKToolkit"

_KINDS = "deploy-role|cfn-exec-role|lookup-role|file-publishing-role|image-publishing-role|container-assets|assets"
_NAME = re.compile(rf"cdk-(?P<qualifier>[A-Za-z0-9_-]{{1,10}}?)-(?P<kind>{_KINDS})-\d{{12}}-[a-z0-9-]+")
_PARAMETER = re.compile(r"/cdk-bootstrap/(?P<qualifier>[A-Za-z0-9_-]{1,10})/version")


@dataclass(frozen=True)
class Bootstrap:
    """One bootstrap stack."""

    aws_environment: AwsEnvironment
    qualifier: str = DEFAULT_QUALIFIER
    names: Mapping[str, str] = field(default_factory=dict)
    """The app's own names of resources, by what names them in the CDK's bootstrap template."""

    @property
    def stack_name(self) -> str:
        """The bootstrap stack's name; each further qualifier needs a stack of its own."""
        return STACK_NAME if self.qualifier == DEFAULT_QUALIFIER else f"{STACK_NAME}-{self.qualifier}"

    def template(self, usual: str) -> str:
        """Return the CDK's bootstrap template, `usual`, with the app's own names."""
        for text, name in self.names.items():
            usual = usual.replace(text, name)
        return usual


def bootstraps(stacks: Sequence[Stack]) -> tuple[Bootstrap, ...]:
    """Return the bootstrap stacks that these stacks need, in their order."""
    found: dict[tuple[AwsEnvironment, str], dict[str, str]] = {}
    for stack in stacks:
        names = found.setdefault((stack.aws_environment, qualifier_of(stack)), {})
        for text, name in _names(stack):
            names.setdefault(text, name)
    return tuple(
        Bootstrap(place, qualifier, {text: name for text, name in names.items() if text != name})
        for (place, qualifier), names in found.items()
    )


def conflicts(stacks: Sequence[Stack]) -> Iterator[Gap]:
    """Yield what prevents a stack's deployment: it has another name for a bootstrap resource than a stack before it."""
    first: dict[tuple[AwsEnvironment, str, str], tuple[str, str]] = {}
    for stack in stacks:
        for text, name in _names(stack):
            known, other = first.setdefault((stack.aws_environment, qualifier_of(stack), text), (name, stack.name))
            if known != name:
                here, there = ("the CDK's name" if one == text else one for one in (name, known))
                reason = (
                    f"a bootstrap resource of its account has {here} here, and {there} in {other}; only the latter is "
                    "created: give both stacks the same synthesizer, or one of them another qualifier"
                )
                yield Gap(GapKind.GIVEN, stack.name, reason)


def qualifier_of(stack: Stack) -> str:
    """Return the qualifier of the bootstrap resources that the stack uses."""
    matches = (_NAME.fullmatch(name) for _, name in _resources(stack))
    found = next(filter(None, matches), None) or _PARAMETER.fullmatch(stack.bootstrap_parameter)
    return found["qualifier"] if found else DEFAULT_QUALIFIER


def _names(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield what names a resource in the CDK's bootstrap template, and its name if it is the app's own, else the same.

    A stack's roles may be those of another region, if it has no assets.
    """
    for kind, name in _resources(stack):
        text = f"cdk-${{Qualifier}}-{kind}-${{AWS::AccountId}}-${{AWS::Region}}"
        yield text, text if _NAME.fullmatch(name) else name
    text = "/cdk-bootstrap/${Qualifier}/version"
    yield text, text if _PARAMETER.fullmatch(stack.bootstrap_parameter) else stack.bootstrap_parameter


def _resources(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield the kind and the name of every bootstrap resource that the stack uses."""
    found = [
        ("deploy-role", _role_name(stack.deploy_role_arn)),
        ("cfn-exec-role", _role_name(stack.execution_role_arn)),
        ("lookup-role", _role_name(stack.lookup_role_arn)),
        ("assets", stack.asset_bucket),
    ]
    for destination in stack.asset_destinations:
        is_file = "bucketName" in destination
        found += [
            ("assets", destination["bucketName"]) if is_file else ("container-assets", destination["repositoryName"]),
            (
                "file-publishing-role" if is_file else "image-publishing-role",
                _role_name(destination.get("assumeRoleArn")),
            ),
        ]
    return ((kind, name) for kind, name in found if name)


def _role_name(arn: str | None) -> str:
    return (arn or "").rpartition("/")[2]
