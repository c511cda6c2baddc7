"""Formats of names and identifiers in AWS and the services it connects to."""

import re
from typing import Annotated

from settings.aws.availability import absent
from settings.aws.data import BY_DATA, REGIONS
from settings.aws.services import CODECONNECTIONS
from settings.validation.constraints import Constraint, all_of, matches

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
TOP_LEVEL = r"([a-z]{2,63}|xn--[a-z0-9-]{1,59})"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

Account = Annotated[str, matches(r"[0-9]{12}", "the 12-digit ID of an AWS account")]

Action = Annotated[str, matches(r"[a-z0-9-]+:[A-Za-z0-9]+", "an IAM action such as sns:CreateTopic")]


def _region_of_connection(arn: str) -> str | None:
    region = arn.split(":")[3]
    if region not in REGIONS:
        return f"names {region}, which is no commercial AWS region ({BY_DATA}); copy the ARN from the console"
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

DomainName = Annotated[str, matches(rf"({LABEL}\.)+{TOP_LEVEL}", "a domain name in lower case, such as example.com")]

CertifiedName = Annotated[
    str,
    matches(
        rf"({LABEL}\.)+{TOP_LEVEL}",
        "a domain name in lower case, such as yawl.example.com",
        longest=57,
        why="its certificate is for origin. and the name, for which ACM allows 64",
    ),
]

Email = Annotated[
    str,
    all_of(
        matches(r"[\x00-\x7f]*", "an email address in ASCII: AWS does not say that Amazon SNS accepts others", 254),
        matches(r"(.{1,64}@)?[^@]*", "an email address with at most 64 characters before the @"),
        matches(
            rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*"
            rf"@(?i:({LABEL}\.)+{TOP_LEVEL})",
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


def port_problem(url: str) -> str | None:
    """Return what is wrong with the port of a URL, to be read after the URL."""
    port = re.match(r"https://[^/:]+:([0-9]+)", url)
    return "has no valid port; take one from 1 to 65535" if port and not 1 <= int(port[1][:6]) <= 65_535 else None


RepositoryUrl = Annotated[
    str,
    all_of(
        matches(
            rf"https://({LABEL}\.)+{LABEL}(:[0-9]+)?(/[A-Za-z0-9_.-]+)+(?<!\.git)",
            "the address of the repository's page, such as https://github.com/OWNER/NAME, without .git",
            longest=300,
        ),
        Constraint("", port_problem),
    ),
]


def _not_a_branch(name: str) -> str | None:
    if name.startswith("refs/"):
        return "is a full reference; write the branch alone, such as main"
    if name == "HEAD":
        return "is no branch; write a branch's name, such as main"
    if re.search(r"\.\.|//|/\.|\.lock(/|$)|^[^A-Za-z0-9_]|[./]$", name):
        return (
            'is no name that git gives a branch; take one without "..", "//" and "/.", which starts with a letter, '
            'digit or _ and does not end in ".", "/" or ".lock"'
        )
    return None


BranchName = Annotated[
    str,
    all_of(
        matches(r"[A-Za-z0-9_./+@#-]+", "the name of a git branch, in ASCII letters, digits and _ . / + @ # -"),
        Constraint("", _not_a_branch),
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
