"""Reading a secret of another stack."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct


def imported_secret(
    scope: Construct, construct_id: str, complete_arn: str, *, key: kms.IKey | None, reader: iam.IRole
) -> secretsmanager.ISecret:
    """Return the secret as an import, and allow `reader` to decrypt it.

    A grant on the secret itself would also add the reader to the policy of the secret's key and so make the secret's
    stack depend on the reader's.
    """
    if key is not None:
        reader.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt"],
                resources=[key.key_arn],
                conditions={
                    "StringEquals": {"kms:ViaService": f"secretsmanager.{Stack.of(scope).region}.amazonaws.com"}
                },
            )
        )
    return secretsmanager.Secret.from_secret_complete_arn(scope, construct_id, complete_arn)
