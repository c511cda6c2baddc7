"""IAM: policy documents, trust, and the quotas of roles and policies."""

from typing import Any

from tests.rehearsal.emulator.probes.bench import Probe
from tests.rehearsal.emulator.probes.templates import allow, attribute, policy, ref, resource, role, trust

MALFORMED = "MalformedPolicyDocument|MalformedPolicy|Syntax errors in policy|validation failed"
GRAMMAR = "IAM User Guide, Grammar of the IAM JSON policy language"


def _inline(name: str, refused: str | None, document: Any, source: str = GRAMMAR) -> Probe:
    """Create a role with this document as its inline policy."""
    made = role(Policies=[{"PolicyName": "probe", "PolicyDocument": document}])
    return Probe(name, lambda bench: bench.deploy(Role=made), source, refused)


def _managed(document: Any) -> dict[str, Any]:
    return resource("AWS::IAM::ManagedPolicy", PolicyDocument=document)


def _role(name: str, refused: str | None, source: str, **properties: Any) -> Probe:
    return Probe(name, lambda bench: bench.deploy(Role=role(**properties)), source, refused)


def _long(characters: int) -> dict[str, Any]:
    """Return a document of about this many characters, without white space."""
    return policy(allow(*(f"s3:Get{number:06}" for number in range(characters // 15)), on="arn:aws:s3:::probe/*"))


def _no_effect() -> dict[str, Any]:
    return policy({"Action": "s3:GetObject", "Resource": "*"})


PROBES = (
    _inline("a policy", None, policy(allow("s3:GetObject"))),
    _inline("a statement without an effect", MALFORMED, _no_effect()),
    _inline("an effect that is none", MALFORMED, policy({**allow("s3:GetObject"), "Effect": "Permit"})),
    _inline("a version that is none", MALFORMED, policy(allow("s3:GetObject"), version="2026-01-01")),
    _inline("both Action and NotAction", MALFORMED, policy({**allow("s3:GetObject"), "NotAction": "s3:PutObject"})),
    _inline("a statement without an action", MALFORMED, policy({"Effect": "Allow", "Resource": "*"})),
    _inline("a statement without a resource", MALFORMED, policy({"Effect": "Allow", "Action": "s3:GetObject"})),
    _inline("an identity policy with a principal", MALFORMED, policy(allow("s3:GetObject", Principal="*"))),
    _inline("an action without a service", MALFORMED, policy(allow("GetObject"))),
    _inline("a resource that is no ARN", MALFORMED, policy(allow("s3:GetObject", on="bucket"))),
    _inline("an unknown element", MALFORMED, policy(allow("s3:GetObject", Actions="s3:PutObject"))),
    _inline("no statement", MALFORMED, policy()),
    _inline(
        "a condition operator that is none", MALFORMED, policy(allow("s3:GetObject", Condition={"Equals": {"a": "b"}}))
    ),
    _inline("a statement id with spaces", MALFORMED, policy(allow("s3:GetObject", Sid="two words"))),
    _inline(
        "two statements of one id", MALFORMED, policy(allow("s3:GetObject", Sid="A"), allow("s3:PutObject", Sid="A"))
    ),
    Probe(
        "a malformed managed policy",
        lambda bench: bench.deploy(Policy=_managed(_no_effect())),
        "IAM API Reference, CreatePolicy: MalformedPolicyDocument",
        MALFORMED,
    ),
    Probe(
        "a malformed policy of its own",
        lambda bench: bench.deploy(
            Role=role(),
            Policy=resource("AWS::IAM::Policy", PolicyName="a", Roles=[ref("Role")], PolicyDocument=_no_effect()),
        ),
        "IAM API Reference, PutRolePolicy: MalformedPolicyDocument",
        MALFORMED,
    ),
    _role(
        "a trust policy with a resource",
        MALFORMED,
        "IAM User Guide, Role trust policies have no Resource element",
        AssumeRolePolicyDocument=trust(Resource="*"),
    ),
    _role(
        "a trust policy without a principal",
        MALFORMED,
        "IAM User Guide, AWS JSON policy elements: Principal",
        AssumeRolePolicyDocument=policy({"Effect": "Allow", "Action": "sts:AssumeRole"}),
    ),
    _role(
        "a trust policy that allows another action",
        MALFORMED,
        "IAM API Reference, CreateRole: AssumeRole policy may only specify STS AssumeRole actions",
        AssumeRolePolicyDocument=policy(
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "s3:GetObject"}
        ),
    ),
    _role(
        "trust in a role that is not there",
        "MalformedPolicyDocument|Invalid principal in policy",
        "IAM User Guide, Troubleshoot IAM policies: Invalid principal in policy",
        AssumeRolePolicyDocument={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/nobody"}},
                    "Action": "sts:AssumeRole",
                }
            ],
        },
    ),
    _role(
        "trust in an account's root",
        None,
        "IAM User Guide, AWS account principals",
        AssumeRolePolicyDocument={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}},
                    "Action": "sts:AssumeRole",
                }
            ],
        },
    ),
    _role(
        "a managed policy that is not there",
        "does not exist or is not attachable|NoSuchEntity|was not found",
        "IAM API Reference, AttachRolePolicy: NoSuchEntity",
        ManagedPolicyArns=["arn:aws:iam::aws:policy/Nothing"],
    ),
    _role(
        "a managed policy of AWS's",
        None,
        "IAM API Reference, AttachRolePolicy",
        ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    ),
    _role(
        "a boundary that is not there",
        "does not exist|NoSuchEntity|was not found|not attachable",
        "IAM API Reference, CreateRole: NoSuchEntity",
        PermissionsBoundary={"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:policy/nothing"},
    ),
    _role(
        "sessions of 13 hours",
        r"keyword \[maximum\]|less than or equal to 43200|43200",
        "IAM API Reference, CreateRole: MaxSessionDuration of 3600 to 43200",
        MaxSessionDuration=46800,
    ),
    _role(
        "a role's name with a space",
        r"keyword \[pattern\]|must satisfy regular expression|alphanumeric",
        "IAM API Reference, CreateRole: RoleName",
        RoleName="two words",
    ),
    _role(
        "a role's name of 65 characters",
        r"keyword \[maxLength\]|length less than or equal to 64",
        "IAM and STS quotas: 64 characters",
        RoleName="a" * 65,
    ),
    Probe(
        "a managed policy of 6,200 characters",
        lambda bench: bench.deploy(Policy=_managed(_long(6600))),
        "IAM and STS quotas: 6,144 characters a managed policy",
        "6144|LimitExceeded",
    ),
    Probe(
        "inline policies of 11,000 characters",
        lambda bench: bench.deploy(Role=role(Policies=[{"PolicyName": "probe", "PolicyDocument": _long(11800)}])),
        "IAM and STS quotas: 10,240 characters of inline policies a role",
        "10240|LimitExceeded",
    ),
    Probe(
        "eleven managed policies",
        lambda bench: bench.deploy(
            **{f"Policy{number}": _managed(policy(allow("s3:GetObject"))) for number in range(11)},
            Role=role(ManagedPolicyArns=[ref(f"Policy{number}") for number in range(11)]),
        ),
        "IAM and STS quotas: 10 managed policies attached to a role",
        r"PoliciesPerRole|LimitExceeded|keyword \[maxItems\]",
    ),
    Probe(
        "a policy for a role that is not there",
        lambda bench: bench.deploy(
            Policy=resource(
                "AWS::IAM::Policy", PolicyName="a", Roles=["nobody"], PolicyDocument=policy(allow("s3:GetObject"))
            )
        ),
        "IAM API Reference, PutRolePolicy: NoSuchEntity",
        "NoSuchEntity|cannot be found|not found|does not exist",
    ),
    Probe(
        "an instance profile of a role that is not there",
        lambda bench: bench.deploy(P=resource("AWS::IAM::InstanceProfile", Roles=["nobody"])),
        "IAM API Reference, AddRoleToInstanceProfile: NoSuchEntity",
        "NoSuchEntity|cannot be found|not found|does not exist",
    ),
    Probe(
        "a role and what refers to it",
        lambda bench: bench.deploy(
            Role=role(),
            Policy=resource(
                "AWS::IAM::Policy",
                PolicyName="a",
                Roles=[ref("Role")],
                PolicyDocument=policy(allow("logs:*", on=attribute("Role", "Arn"))),
            ),
        ),
        "IAM API Reference, PutRolePolicy",
    ),
)
