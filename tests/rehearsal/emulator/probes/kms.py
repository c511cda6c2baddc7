"""KMS: key policies that lock out their owner, and invalid keys."""

from typing import Any

from tests.rehearsal.emulator.probes.bench import Answer, Bench, Probe
from tests.rehearsal.emulator.probes.templates import key, ref, resource

LOCKOUT = "KMS API Reference, PutKeyPolicy: BypassPolicyLockoutSafetyCheck"


def _statement(principal: Any, *actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": list(actions), "Resource": "*", **more}


ROOT = {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}
NOBODY = {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/nobody"}}


def _key(name: str, refused: str | None, source: str, *statements: Any, **properties: Any) -> Probe:
    return Probe(name, lambda bench: bench.deploy(Key=key(*statements, **properties)), source, refused)


def _deleted_key(bench: Bench) -> Answer:
    identity = bench.client("kms").create_key()["KeyMetadata"]["KeyId"]
    bench.call("kms", "schedule_key_deletion", KeyId=identity, PendingWindowInDays=7)
    return bench.deploy(Alias=resource("AWS::KMS::Alias", AliasName="alias/probe", TargetKeyId=identity))


PROBES = (
    _key("the default policy", None, "KMS Developer Guide, Default key policy"),
    _key(
        "a policy that only lets others decrypt",
        "will not allow you to update the key policy in the future",
        LOCKOUT,
        _statement(ROOT, "kms:Decrypt"),
    ),
    _key(
        "a policy for a service alone",
        "will not allow you to update the key policy in the future",
        LOCKOUT,
        _statement({"Service": "logs.amazonaws.com"}, "kms:*"),
    ),
    _key(
        "the same with the safety check switched off",
        None,
        LOCKOUT,
        _statement(ROOT, "kms:Decrypt"),
        BypassPolicyLockoutSafetyCheck=True,
    ),
    _key(
        "administration by the account",
        None,
        LOCKOUT,
        _statement(ROOT, "kms:Create*", "kms:Put*", "kms:Get*", "kms:Describe*", "kms:ScheduleKeyDeletion"),
    ),
    _key(
        "a role that is not there",
        "MalformedPolicyDocument|invalid principals",
        "KMS API Reference, CreateKey: policy contains a statement with one or more invalid principals",
        _statement(ROOT, "kms:*"),
        _statement(NOBODY, "kms:Decrypt"),
    ),
    _key(
        "an unknown effect",
        "MalformedPolicyDocument",
        "KMS API Reference, CreateKey",
        _statement(ROOT, "kms:*") | {"Effect": "Permit"},
    ),
    _key(
        "no principal",
        "MalformedPolicyDocument",
        "KMS Developer Guide, Key policies: Principal is required",
        {"Effect": "Allow", "Action": "kms:*", "Resource": "*"},
    ),
    Probe(
        "an update that locks out",
        lambda bench: bench.changed({"Key": key()}, {"Key": key(_statement(ROOT, "kms:Decrypt"))}),
        LOCKOUT,
        "will not allow you to update the key policy in the future",
    ),
    _key(
        "a waiting period of three days",
        r"keyword \[minimum\]",
        "KMS API Reference, ScheduleKeyDeletion: 7 to 30 days",
        PendingWindowInDays=3,
    ),
    _key("a spec that is none", "not a valid enum value", "KMS API Reference, CreateKey: KeySpec", KeySpec="AES_256"),
    _key(
        "rotation of an asymmetric key",
        "rotation|Rotation|UnsupportedOperation",
        "CloudFormation: AWS::KMS::Key, EnableKeyRotation: only for symmetric encryption keys",
        KeySpec="RSA_2048",
        KeyUsage="ENCRYPT_DECRYPT",
        EnableKeyRotation=True,
    ),
    _key(
        "a rotation period of 30 days",
        r"keyword \[minimum\]",
        "KMS API Reference, EnableKeyRotation: 90 to 2560 days",
        EnableKeyRotation=True,
        RotationPeriodInDays=30,
    ),
    Probe(
        "another spec",
        lambda bench: bench.changed({"Key": key()}, {"Key": key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")}),
        "CloudFormation: AWS::KMS::Key, KeySpec: you cannot change it after the key is created",
        "KeySpec|KeyUsage|KeyPolicy|cannot|can't|NotUpdatable",
    ),
    Probe(
        "an alias of AWS's",
        lambda bench: bench.deploy(
            Key=key(), Alias=resource("AWS::KMS::Alias", AliasName="alias/aws/probe", TargetKeyId=ref("Key"))
        ),
        "KMS API Reference, CreateAlias: alias/aws/ is reserved",
        "alias/aws/|NotAuthorizedException|reserved|keyword",
    ),
    Probe(
        "an alias of a key that is not there",
        lambda bench: bench.deploy(
            Alias=resource(
                "AWS::KMS::Alias", AliasName="alias/probe", TargetKeyId="00000000-0000-0000-0000-000000000000"
            )
        ),
        "KMS API Reference, CreateAlias: NotFoundException",
        "NotFound|does not exist|Invalid keyId",
    ),
    Probe(
        "an alias of a key that is about to be deleted",
        _deleted_key,
        "KMS API Reference, CreateAlias: KMSInvalidStateException",
        "pending deletion|InvalidState",
    ),
    Probe(
        "a log group with a key that is not there",
        lambda bench: bench.deploy(
            Group=resource(
                "AWS::Logs::LogGroup",
                KmsKeyId={
                    "Fn::Sub": "arn:aws:kms:${AWS::Region}:${AWS::AccountId}:key/00000000-0000-0000-0000-000000000000"
                },
            )
        ),
        "CloudWatch Logs API Reference, AssociateKmsKey: the key does not exist or is disabled",
        "does not exist|not allowed to be used|NotFound|InvalidParameter",
    ),
    Probe(
        "a log group whose key does not admit CloudWatch Logs",
        lambda bench: bench.deploy(
            Key=key(), Group=resource("AWS::Logs::LogGroup", KmsKeyId={"Fn::GetAtt": ["Key", "Arn"]})
        ),
        "CloudWatch Logs User Guide, Encrypt log data: the key's policy must admit the service",
        "does not exist or is not allowed to be used",
    ),
    Probe(
        "a log group whose key admits CloudWatch Logs",
        lambda bench: bench.deploy(
            Key=key(
                _statement(ROOT, "kms:*"),
                _statement(
                    {"Service": "logs.eu-west-1.amazonaws.com"},
                    "kms:Encrypt*",
                    "kms:Decrypt*",
                    "kms:ReEncrypt*",
                    "kms:GenerateDataKey*",
                    "kms:Describe*",
                ),
            ),
            Group=resource("AWS::Logs::LogGroup", KmsKeyId={"Fn::GetAtt": ["Key", "Arn"]}),
        ),
        "CloudWatch Logs User Guide, Encrypt log data",
    ),
)
