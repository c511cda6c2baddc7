"""Formats of names and identifiers in AWS and the services it connects to."""

from typing import Annotated

from settings.validation.constraints import matches

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

Account = Annotated[str, matches(r"[0-9]{12}", "the 12-digit ID of an AWS account")]

Action = Annotated[str, matches(r"[a-z0-9-]+:[A-Za-z0-9]+", "an IAM action such as sns:CreateTopic")]

ConnectionArn = Annotated[
    str,
    matches(
        rf"arn:aws:(codeconnections|codestar-connections):[a-z]{{2}}(-[a-z]+)+-[0-9]:[0-9]{{12}}:connection/{UUID}",
        "a connection ARN, arn:aws:codeconnections:REGION:ACCOUNT:connection/UUID",
    ),
]
"""Connections are global: pipelines in any region can use one, whatever the region in its ARN.

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
    matches(
        rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@(?i:({LABEL}\.)+[a-z]{{2,63}})",
        "an email address",
        longest=254,
    ),
]

RepositoryName = Annotated[
    str, matches(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+", "an owner and a repository, OWNER/NAME", longest=200)
]
"""More than one `/` is possible: GitLab groups can be nested."""

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
    matches(r"(?!.*(\.\.|//|/\.|@\{|\.lock(/|$)))[A-Za-z0-9_][A-Za-z0-9_./+@#-]*(?<![./])", "the name of a git branch"),
]

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
