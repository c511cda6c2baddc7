"""Formats of names and identifiers in AWS and the services it connects to."""

from typing import Annotated

from settings.aws.availability import absent
from settings.aws.data import BY_DATA, REGIONS
from settings.aws.services import CODECONNECTIONS
from settings.validation.constraints import Constraint, all_of, matches

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

Account = Annotated[str, matches(r"[0-9]{12}", "the 12-digit ID of an AWS account")]

Action = Annotated[str, matches(r"[a-z0-9-]+:[A-Za-z0-9]+", "an IAM action such as sns:CreateTopic")]


def _region_of_connection(arn: str) -> str | None:
    region = arn.split(":")[3]
    if region not in REGIONS:
        return f"names {region}, which is no commercial AWS region ({BY_DATA})"
    if absent([CODECONNECTIONS], region):
        return f"names {region}, which lacks CodeConnections ({BY_DATA}); copy the ARN from the console"
    return None


ConnectionArn = Annotated[
    str,
    all_of(
        matches(
            rf"arn:aws:(codeconnections|codestar-connections):[a-z]{{2}}(-[a-z]+)+-[0-9]:[0-9]{{12}}:connection/{UUID}",
            "a connection ARN, arn:aws:codeconnections:REGION:ACCOUNT:connection/UUID",
        ),
        Constraint("", _region_of_connection),
    ),
]
"""Connections are global: any region with the service can use one, whatever the region in its ARN.

Connections made under the service's former name keep `codestar-connections` in their ARN.
"""

EdgeCertificateArn = Annotated[
    str,
    matches(
        rf"arn:aws:acm:us-east-1:[0-9]{{12}}:certificate/{UUID}",
        "the ARN of a certificate in us-east-1, as CloudFront requires: arn:aws:acm:us-east-1:ACCOUNT:certificate/UUID",
    ),
]

HostedZoneId = Annotated[str, matches(r"Z[A-Z0-9]{1,31}", "a Route 53 hosted zone ID: Z and capital letters or digits")]

DomainName = Annotated[str, matches(rf"({LABEL}\.)+{LABEL}", "a domain name in lower case, such as example.com")]

CertifiedName = Annotated[
    str, matches(rf"({LABEL}\.)+{LABEL}", "a domain name in lower case, such as yawl.example.com", longest=57)
]
"""Short enough for a certificate with the prefix `origin.`: ACM allows 64 characters for the first name."""

Email = Annotated[
    str,
    all_of(
        matches(r"[\x00-\x7f]*", "an email address in ASCII: AWS does not say that Amazon SNS accepts others", 254),
        matches(r"(.{1,64}@)?[^@]*", "an email address with at most 64 characters before the @"),
        matches(
            rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*"
            rf"@(?i:({LABEL}\.)+([a-z]{{2,63}}|xn--[a-z0-9-]{{1,59}}))",
            "an email address",
        ),
    ),
]
"""RFC 5321 allows 64 characters before the `@`, and 254 in all."""

RepositoryName = Annotated[
    str,
    matches(
        r"(?!\.{1,2}/)[A-Za-z0-9_.-]+(/(?!\.{1,2}(/|$))[A-Za-z0-9_.-]+)+(?<!\.git)",
        "an owner and a repository, OWNER/NAME, without .git",
        longest=93,
        why="the pipeline's source action is named after the repository, and CodePipeline allows 100 for its variables",
    ),
]
"""More than one `/` is possible: GitLab groups can be nested. The variables' namespace is `Source@` and the name."""

RepositoryUrl = Annotated[
    str,
    matches(
        rf"https://({LABEL}\.)+{LABEL}(:[0-9]{{1,5}})?(/[A-Za-z0-9_.-]+)+(?<!\.git)",
        "the address of the repository's page, such as https://github.com/OWNER/NAME, without .git",
        longest=300,
    ),
]

BranchName = Annotated[
    str,
    matches(
        r"(?!HEAD$)(?!.*(\.\.|//|/\.|\.lock(/|$)))[A-Za-z0-9_][A-Za-z0-9_./+@#-]*(?<![./])",
        "the name of a git branch, in ASCII letters, digits and _ . / + @ # -",
    ),
]
"""AWS does not say which characters CodePipeline's connections accept; git allows more."""

PathPattern = Annotated[
    str,
    matches(r"(?!/)[!-~]([ -~]*[!-~])?", "a pattern of file paths from the repository's root, such as docs/**"),
]

TagValue = Annotated[
    str,
    matches(
        r"(?!(?i:aws:))(?! )[A-Za-z0-9 _.:/=+@-]+(?<! )",
        "a tag value: letters, digits, spaces and _ . : / = + @ -, not starting with aws:",
        longest=256,
    ),
]
"""Accepted by every service; CloudFront rejects characters outside ASCII."""
