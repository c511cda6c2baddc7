"""What an environment may be called, so that everything named after it has a valid name."""

import re

from settings.validation.constraints import Constraint

DERIVED_NAMES = {
    "yawl-NAME-integration-tests": 64,  # IAM, "IAM and AWS STS quotas": a role's name
    "yawl-NAME-recovery-check": 64,  # Lambda API, CreateFunction: a function's name
    "yawl-NAME": 50,  # AWS Backup API, CreateBackupVault: a vault's, a backup plan's and a restore testing plan's name
}
"""Names made from an environment's, or in a further region from NAME-REGION, and the characters AWS allows for them.

A test compares them with the names in the templates. Names that CloudFormation makes up, such as load balancers', are
shortened by it.
"""

LONGEST = min(limit - len(name.replace("NAME", "")) for name, limit in DERIVED_NAMES.items())

LONGEST_BUCKET = 63
"""Amazon S3 User Guide, "Bucket naming rules"."""


def copies_bucket(environment: str, account: str, region: str) -> str:
    """Return the name of the bucket for copies of backups, which other regions must know."""
    return f"yawl-{environment}-backups-{account}-{region}"


RESERVED = {
    "delivery": "the pipeline's own names start with yawl-delivery",
    "maintenance": "the names of alarms about the maintenance of environments start with yawl-maintenance",
    "execution": "the names of CloudFormation's policies start with yawl-execution",
    "permissions": "the names of permissions boundaries start with yawl-permissions",
    "source": "the pipeline has a stage Source",
    "build": "the pipeline has a stage Build",
    "updatepipeline": "the pipeline has a stage UpdatePipeline",
    "assets": "the pipeline has a stage Assets",
}
"""Names that are taken, with the reason."""
BEGINNINGS = ("delivery", "maintenance", "execution", "permissions")
"""Those that no name may begin with either, followed by a hyphen."""

EXPECTED = "lower-case letters, digits and single hyphens, starting with a letter"


def _problem(name: str) -> str | None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        return f"must be {EXPECTED}"
    if len(name) > LONGEST:
        return f"is {len(name)} characters long; names derived from it allow at most {LONGEST}; shorten it"
    first = name.partition("-")[0]
    reason = RESERVED.get(first if first in BEGINNINGS else name)
    return f"is taken: {reason}; choose another name" if reason else None


ENVIRONMENT_NAME = Constraint(EXPECTED, _problem)
