"""The build in which the pipeline updates itself."""

from typing import Final

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk.pipelines import CodeBuildOptions

from pipeline.permissions.account_roles import lookup_role

ACCEPTED_CHANGES: Final = "accepted-changes.txt"
"""The file in the assembly with the fingerprints of accepted changes to the pipeline's permissions, one a line."""

EVERY_REGION: Final = "*"
"""The next commit, which the deployed build compares, may add a region."""


def self_mutation(stack_name: str, *, account: str, logging: codebuild.LoggingOptions) -> CodeBuildOptions:
    """Return the options of self-mutation, which stops if it would broaden the pipeline's permissions unannounced.

    No review of an environment shows the pipeline's own permissions (aws-cdk#16301). The CLI also compares and deploys
    the stacks that the pipeline's depends on, the artifact stores of other regions.
    """
    changes = "changes.txt"
    # The CLI's notices would change the fingerprint.
    difference = f"cdk -a . diff {stack_name} --method=template --security-only --no-color --no-notices"
    return CodeBuildOptions(
        logging=logging,
        partial_build_spec=codebuild.BuildSpec.from_object(
            {
                "version": "0.2",
                "phases": {
                    "pre_build": {
                        "commands": [
                            f"{difference} --fail-on broadening > {changes} 2>&1 && BROADENED=no || BROADENED=yes",
                            f"cat {changes}",
                            # The exit code is the same if the CLI cannot compare; its last line says why.
                            f'[ "$BROADENED" = no ] || {difference} > /dev/null 2>&1 || {{ echo '
                            '"stops: the pipeline cannot be compared with what is deployed: '
                            f'$(grep . {changes} | tail -n 1)"; exit 1; }}',
                            # Not sha256sum, which macOS lacks, where rehearsals run these commands too.
                            f'FINGERPRINT="$(python3 -c "import hashlib, sys; '
                            f'print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest()[:12])" < {changes})"',
                            f'[ "$BROADENED" = no ] || grep -qx "$FINGERPRINT" {ACCEPTED_CHANGES} || {{ echo '
                            "\"stops: the pipeline's own permissions would grow, by the change $FINGERPRINT. If this "
                            'is intended, add to delivery.toml, with the reason:"; '
                            'printf \'[pipeline.accepted_changes.%s]\\nreason = "…"\\n\' "$FINGERPRINT"; exit 1; }',
                        ]
                    }
                },
            }
        ),
        role_policy=[
            iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[lookup_role(account, region=EVERY_REGION)])
        ],
    )
