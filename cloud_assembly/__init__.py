"""Reads a cloud assembly, what `cdk synth` writes by default into `cdk.out`, and the file of settings it comes from.

Takes the standard library only and imports nothing of the project, because the pipeline's jobs run without the
development environment.
"""

from cloud_assembly.assembly import (
    NESTED_STACK,
    PIPELINE,
    REVIEWS,
    Assembly,
    AwsEnvironment,
    Stack,
    common_prefix,
    environment_tag,
    is_in_further_region,
    partition_of,
    read,
)
from cloud_assembly.errors import AssemblyError, UserError

__all__ = [
    "NESTED_STACK",
    "PIPELINE",
    "REVIEWS",
    "Assembly",
    "AssemblyError",
    "AwsEnvironment",
    "Stack",
    "UserError",
    "common_prefix",
    "environment_tag",
    "is_in_further_region",
    "partition_of",
    "read",
]
