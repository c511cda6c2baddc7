"""What the templates of an assembly expect in their accounts: dynamic references, parameters, variables, and ids."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any, Final

import yaml

from cloud_assembly import PIPELINE, AwsEnvironment, Stack
from rehearsal.given.forms import SSM_TYPE, Form, forms, imports
from rehearsal.given.needs import Kind, Need, made_id, merged, network

IAM_REGION: Final = "us-east-1"
"""Where IAM is: a role has no region."""
OWN_PREFIXES: Final = ("/cdk-bootstrap/", "/cdk/exports/")
"""Parameters that the CDK itself creates: by a bootstrap, and for references across regions."""
PUBLIC_PREFIX: Final = "/aws/service/"
"""Parameters that AWS publishes in every account."""
SOURCE_TOKENS: Final = ("OAuthToken", "SecretToken")
"""Properties with the token of a source: of an action's configuration, and of a webhook."""
WEBHOOK: Final = "AWS::CodePipeline::Webhook"
ID_PREFIXES: Final = {
    "AWS::EC2::Image::Id": "ami",
    "AWS::EC2::VPC::Id": "vpc",
    "AWS::EC2::Subnet::Id": "subnet",
    "AWS::EC2::SecurityGroup::Id": "sg",
}
"""Types of template parameters whose values are ids."""

_REFERENCE: Final = re.compile(r"\{\{resolve:(secretsmanager|ssm|ssm-secure):([^}]*)\}\}")
_EC2_ID: Final = re.compile(r"\b(vpc|subnet|sg)-(?:[0-9a-f]{17}|[0-9a-f]{8})\b")
_CERTIFICATE: Final = re.compile(r"arn:[\w-]+:acm:([a-z0-9-]+):(\d{12}):certificate/[0-9a-f-]+")
_SECRET_ARN: Final = re.compile(r"arn:[\w-]+:secretsmanager:([a-z0-9-]+):(\d{12}):secret:(.+)")
_ROLE: Final = re.compile(r"arn:[\w-]+:iam::(\d{12}):role(/(?:[\w+=,.@-]+/)*)([\w+=,.@-]+)")
_ROLE_PROPERTY: Final = re.compile(r"Role(Arn|ARN)?$")
"""Properties that name a role which is assumed."""
TRUSTS: Final = "Principal"
"""Where a policy names roles that must exist; elsewhere it may name any."""
CHANGED_BUCKETS: Final = {
    "AWS::S3::BucketPolicy": "Bucket",
    "Custom::CDKBucketDeployment": "DestinationBucketName",
    "Custom::S3BucketNotifications": "BucketName",
}
"""Types that change a bucket, with the property that names it."""
NOT_THE_ACCOUNTS_ROLES: Final = ("cdk-", "aws-service-role/")
"""How roles begin, without the first `/`, that a bootstrap or AWS creates."""
_SUFFIX: Final = re.compile(r"-[A-Za-z0-9]{6}$")
"""What Secrets Manager adds to a secret's name in its ARN."""


def needs_of(stacks: Iterable[Stack]) -> list[Need]:
    """Return what the stacks refer to and none of them creates."""
    found = list(stacks)
    created = {one for stack in found for one in _created(stack)}
    # Where the app exports the name in another account or region, the import is a mistake, and no other project's.
    exported = {name for kind, _, name in created if kind is Kind.EXPORT}
    needs = merged(need for stack in found for need in _needs(stack))
    return [
        need
        for need in needs
        if need.identity not in created and not (need.kind is Kind.EXPORT and need.name in exported)
    ]


def _created(stack: Stack) -> Iterator[tuple[Kind, AwsEnvironment, str]]:
    # The set-up's bootstrap creates it, whatever its name.
    yield Kind.PARAMETER, stack.aws_environment, stack.bootstrap_parameter
    for kind, resource_type in (
        (Kind.SECRET, "AWS::SecretsManager::Secret"),
        (Kind.PARAMETER, "AWS::SSM::Parameter"),
    ):
        for _, properties in stack.of_type(resource_type):
            name = stack.text(properties.get("Name", "*"))
            yield kind, stack.aws_environment, name
            for replica in properties.get("ReplicaRegions", ()):
                yield kind, AwsEnvironment(stack.account, stack.text(replica["Region"])), name
    for _, properties in stack.of_type("AWS::S3::Bucket"):
        yield Kind.BUCKET, stack.aws_environment, stack.text(properties.get("BucketName", "*"))
    for output in stack.template.get("Outputs", {}).values():
        if name := output.get("Export", {}).get("Name"):
            yield Kind.EXPORT, stack.aws_environment, stack.text(name)
    for _, properties in stack.of_type("AWS::IAM::Role"):
        yield Kind.ROLE, AwsEnvironment(stack.account, IAM_REGION), stack.text(properties.get("RoleName", "*"))
    # The set-up's bootstrap creates them too.
    for arn in (stack.deploy_role_arn, stack.execution_role_arn, stack.lookup_role_arn):
        if found := _ROLE.fullmatch(arn or ""):
            yield Kind.ROLE, AwsEnvironment(found[1], IAM_REGION), found[3]


def _needs(stack: Stack) -> Iterator[Need]:
    found_forms = forms(stack)
    yield from _parameters(stack, found_forms)
    split = [_source_tokens(resource) for resource in stack.resources.values()]
    for text in _texts(stack, [tokens for tokens, _ in split]):
        # Sources are delivered from this machine.
        yield from (replace(need, is_minor=True) for need in _references(stack, text, found_forms))
    resources = [{**resource, "Metadata": None} for _, resource in split]
    for text in _texts(stack, [*resources, stack.template.get("Outputs", {})]):
        yield from _references(stack, text, found_forms)
        for found in _CERTIFICATE.finditer(text):
            details = {"arn": found[0], "name": "rehearsal.example"}
            yield Need(Kind.CERTIFICATE, AwsEnvironment(found[2], found[1]), found[0], stack.name, details)
    for name in sorted(imports(stack)):
        form = found_forms.get(name, Form())
        details = {"value": form.value, "names-bucket": form.is_bucket}
        yield Need(Kind.EXPORT, stack.aws_environment, name, stack.name, details)
    yield from _buckets(stack)
    yield from _roles(stack)
    yield from _variables(stack)
    yield from _network(stack, json.dumps(resources))
    for logical_id, properties in stack.of_type("AWS::Route53::RecordSet"):
        zone = properties.get("HostedZoneId")
        if isinstance(zone, str):
            name = stack.text(properties.get("HostedZoneName") or properties["Name"]).strip(".")
            domain = name.partition(".")[2] if name.count(".") > 1 else name
            where = f"{stack.name}/{logical_id}"
            yield Need(Kind.HOSTED_ZONE, stack.aws_environment, zone, where, {"id": zone, "name": domain})


def _source_tokens(resource: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return the tokens with which a pipeline or its webhook reads sources, and the resource without them."""
    found: list[Any] = []

    def without(value: Any) -> Any:
        if isinstance(value, list):
            return [without(item) for item in value]
        if not isinstance(value, dict):
            return value
        found.extend(value[name] for name in SOURCE_TOKENS if name in value)
        return {name: without(item) for name, item in value.items() if name not in SOURCE_TOKENS}

    return (found, without(resource)) if resource.get("Type") in (PIPELINE, WEBHOOK) else ([], dict(resource))


def _roles(stack: Stack) -> Iterator[Need]:
    """Yield the roles that a stack names by their ARNs where they must exist."""
    for logical_id, resource in stack.resources.items():
        for is_trusted, value in _role_names(resource.get("Properties", {})):
            for found in filter(None, map(_ROLE.fullmatch, _texts(stack, value))):
                if f"{found[2]}{found[3]}"[1:].startswith(NOT_THE_ACCOUNTS_ROLES):
                    continue
                where, details = f"{stack.name}/{logical_id}", {"path": found[2]}
                home = AwsEnvironment(found[1], IAM_REGION)
                yield Need(Kind.ROLE, home, found[3], where, details, is_minor=is_trusted)


def _role_names(value: Any) -> Iterator[tuple[bool, Any]]:
    """Yield what may name roles that must exist, and whether they are only trusted."""
    if isinstance(value, list):
        for item in value:
            yield from _role_names(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == TRUSTS or _ROLE_PROPERTY.search(name):
                yield name == TRUSTS, item
            else:
                yield from _role_names(item)


def _texts(stack: Stack, value: Any) -> Iterator[str]:
    """Yield every text, with joined ones as a whole."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        if len(value) == 1 and ("Fn::Join" in value or "Fn::Sub" in value):
            yield stack.text(value)
            # What a join cannot resolve is a `*`; its parts may still be whole.
        for item in value.values():
            yield from _texts(stack, item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(stack, item)


def _references(stack: Stack, text: str, found_forms: Mapping[str, Form]) -> Iterator[Need]:
    for service, reference in _REFERENCE.findall(text):
        if "*" in reference or "${" in reference:
            # A resource of the template.
            continue
        if service == "secretsmanager":
            yield secret(reference, stack.aws_environment, stack.name)
        else:
            kind = "SecureString" if service == "ssm-secure" else "String"
            form = found_forms.get(reference.partition(":")[0], Form())
            yield from _formed(form, parameter(reference, stack.aws_environment, stack.name, kind, form.value))


def secret(reference: str, environment: AwsEnvironment, where: str) -> Need:
    """Return the need of a secret: `ID:SecretString:KEY:…` of a template, or `ID:KEY:…` of a build."""
    parts = reference.split(":")
    length = 7 if parts[0] == "arn" else 1
    identifier, rest = ":".join(parts[:length]), [part for part in parts[length:] if part != "SecretString"]
    keys = frozenset(rest[:1]) - {""}
    if found := _SECRET_ARN.fullmatch(identifier):
        environment = AwsEnvironment(found[2], found[1])
        has_suffix = _SUFFIX.search(found[3])
        name = found[3][: has_suffix.start()] if has_suffix else found[3]
        return Need(Kind.SECRET, environment, name, where, {"arn": identifier if has_suffix else ""}, keys)
    return Need(Kind.SECRET, environment, identifier, where, {"arn": ""}, keys)


def parameter(name: str, environment: AwsEnvironment, where: str, kind: str, value: str = "") -> Iterator[Need]:
    """Yield the need of a parameter, if it is not one of the CDK's own; `name` may end with a version."""
    name = name.partition(":")[0] if not name.startswith("arn:") else name.partition(":parameter")[2]
    if name and not name.startswith(OWN_PREFIXES):
        known = public_value(environment, name) if name.startswith(PUBLIC_PREFIX) else ""
        details = {"type": kind, "value": known or value}
        yield Need(Kind.PARAMETER, environment, name, where, details, is_known=bool(known))


def public_value(environment: AwsEnvironment, name: str) -> str:
    """Return the value of a parameter that AWS publishes, as far as it is an image's id; otherwise nothing."""
    if "ami" not in name and "image" not in name:
        return ""
    image = made_id("ami", environment.region, name)
    return json.dumps({"image_id": image, "image_name": name}) if name.endswith("/recommended") else image


def _parameters(stack: Stack, found_forms: Mapping[str, Form]) -> Iterator[Need]:
    for definition in stack.template.get("Parameters", {}).values():
        found, name = SSM_TYPE.fullmatch(definition.get("Type", "")), definition.get("Default")
        if not found or not isinstance(name, str):
            continue
        inner = found[1].removeprefix("List<").rstrip(">")
        is_list = found[1] != inner or inner == "CommaDelimitedList"
        prefix = ID_PREFIXES.get(inner)
        form = found_forms.get(name, Form())
        value = made_id(prefix, stack.aws_environment, name) if prefix else form.value
        kind = "StringList" if is_list else "String"
        yield from _formed(form, parameter(name, stack.aws_environment, stack.name, kind, value))


def _formed(form: Form, needs: Iterable[Need]) -> Iterator[Need]:
    for need in needs:
        details = {**need.details, "names-bucket": form.is_bucket}
        yield replace(need, is_minor=form.is_connection, details=details)


def _buckets(stack: Stack) -> Iterator[Need]:
    """Yield the buckets that a stack changes by their names."""
    for resource_type, property_name in CHANGED_BUCKETS.items():
        for logical_id, properties in stack.of_type(resource_type):
            name = stack.text(properties.get(property_name, "*"))
            if "*" not in name:
                yield Need(Kind.BUCKET, stack.aws_environment, name, f"{stack.name}/{logical_id}")


def _variables(stack: Stack) -> Iterator[Need]:
    """Yield what the builds read: their projects' and actions' variables, and those of their specifications."""
    for logical_id, properties in stack.of_type("AWS::CodeBuild::Project"):
        where = f"{stack.name}/{logical_id}"
        yield from _listed(stack, properties.get("Environment", {}).get("EnvironmentVariables", []), where)
        yield from _specified(stack, stack.text(properties.get("Source", {}).get("BuildSpec", "")), where)
    for _, properties in stack.of_type(PIPELINE):
        for stage in properties.get("Stages", []):
            for action in stage["Actions"]:
                text = stack.text(action.get("Configuration", {}).get("EnvironmentVariables", "[]"))
                yield from _listed(stack, _parsed(text) or [], f"{stage['Name']}/{action['Name']}")


def _listed(stack: Stack, variables: Iterable[Mapping[str, Any]], where: str) -> Iterator[Need]:
    for variable in variables:
        kind = variable.get("Type", variable.get("type"))
        yield from _variable(stack, kind, stack.text(variable.get("Value", variable.get("value", ""))), where)


def _specified(stack: Stack, text: str, where: str) -> Iterator[Need]:
    specification = _parsed(text)
    environment = specification.get("env") if isinstance(specification, dict) else None
    for table, kind in (("secrets-manager", "SECRETS_MANAGER"), ("parameter-store", "PARAMETER_STORE")):
        for value in ((environment or {}).get(table) or {}).values():
            yield from _variable(stack, kind, str(value), where)


def _variable(stack: Stack, kind: str | None, value: str, where: str) -> Iterator[Need]:
    if "*" in value or "#{" in value:
        # A resource of the template, or another action's output.
        return
    if kind == "SECRETS_MANAGER":
        yield secret(value, stack.aws_environment, where)
    elif kind == "PARAMETER_STORE":
        yield from parameter(value, stack.aws_environment, where, "String")


def _parsed(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        # A build reports it.
        return None


def _network(stack: Stack, text: str) -> Iterator[Need]:
    """Yield the VPCs, subnets and security groups that a stack names by id."""
    found = sorted({match[0] for match in _EC2_ID.finditer(text)})
    ids = {prefix: list(group) for prefix, group in groupby(found, lambda one: one.partition("-")[0])}
    environment = stack.aws_environment
    for vpc in ids.get("vpc", []):
        # Which subnet belongs to which VPC is not in a template; with several VPCs, the lookups say.
        subnets = [{"id": one} for one in ids.get("subnet", [])] if len(ids["vpc"]) == 1 else []
        yield Need(Kind.VPC, environment, vpc, stack.name, network(environment, vpc, {"id": vpc, "subnets": subnets}))
    for group in ids.get("sg", []):
        details = {"id": group, "name": group, "vpc": ids["vpc"][0] if len(ids.get("vpc", [])) == 1 else ""}
        yield Need(Kind.SECURITY_GROUP, environment, group, stack.name, details)
