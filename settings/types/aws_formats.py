"""The forms of names and identifiers that AWS, or what it connects to, accepts."""

from typing import Annotated

from settings.validation.constraints import Matches

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

Account = Annotated[str, Matches(r"[0-9]{12}", "the 12 digits of an AWS account")]

Action = Annotated[str, Matches(r"[a-z0-9-]+:[A-Za-z0-9]+", "an action of IAM, such as sns:CreateTopic")]

ConnectionArn = Annotated[
    str,
    Matches(
        rf"arn:aws:(codeconnections|codestar-connections):[a-z]{{2}}(-[a-z]+)+-[0-9]:[0-9]{{12}}:connection/{UUID}",
        "the ARN of a connection, arn:aws:codeconnections:REGION:ACCOUNT:connection/UUID",
    ),
]
"""Connections are global: the region is where one was made, and any region's pipeline can use it.

`codestar-connections` is the service's former name, which connections from then keep.
"""

EdgeCertificateArn = Annotated[
    str,
    Matches(
        rf"arn:aws:acm:us-east-1:[0-9]{{12}}:certificate/{UUID}",
        "the ARN of a certificate in us-east-1, the region CloudFront reads from: "
        "arn:aws:acm:us-east-1:ACCOUNT:certificate/UUID",
    ),
]

HostedZoneId = Annotated[str, Matches(r"Z[A-Z0-9]{1,31}", "a Route 53 hosted zone's id: Z and capitals or digits")]

DomainName = Annotated[str, Matches(rf"({LABEL}\.)+{LABEL}", "a domain name in lower case, such as example.com")]

CertifiedName = Annotated[
    str, Matches(rf"({LABEL}\.)+{LABEL}", "a domain name in lower case, such as yawl.example.com", longest=57)
]
"""A name that still fits a certificate with `origin.` before it: ACM's limit for a first name is 64 characters."""

Email = Annotated[
    str,
    Matches(
        rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@(?i:({LABEL}\.)+[a-z]{{2,63}})",
        "an e-mail address",
        longest=254,
    ),
]

RepositoryName = Annotated[
    str, Matches(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+", "owner and repository, owner/name", longest=200)
]
"""GitLab's groups may be nested, so that there may be more than one `/`."""

BranchName = Annotated[
    str,
    Matches(r"(?!.*(\.\.|//|/\.|@\{|\.lock(/|$)))[A-Za-z0-9_][A-Za-z0-9_./+@#-]*(?<![./])", "the name of a git branch"),
]

TagValue = Annotated[
    str,
    Matches(
        r"(?!(?i:aws:))(?! )[A-Za-z0-9 _.:/=+@-]+(?<! )",
        "a tag's value: letters, digits, spaces and _ . : / = + @ -, not starting with aws:",
        longest=256,
    ),
]
"""What every service takes; CloudFront refuses letters beyond ASCII."""
