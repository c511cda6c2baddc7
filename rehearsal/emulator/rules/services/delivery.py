"""SNS, SQS, EventBridge, Secrets Manager, CloudWatch Logs and CodePipeline.

Creating a rule does not check whether EventBridge may send to a target's queue: PutTargets succeeds, and deliveries
fail ("Using resource-based policies for Amazon EventBridge"). So the emulator accepts the rule, as AWS does.

Sources: SNS SetTopicAttributes, SQS SetQueueAttributes, CloudWatch Logs CreateLogGroup (API References); "Pipeline
types" and the action references of the CodePipeline User Guide. CodePipeline's messages are as users report them.
"""

from rehearsal.emulator.rules import policies
from rehearsal.emulator.rules.refusal import service_refusal
from rehearsal.emulator.rules.request import Request, on_both, on_create
from rehearsal.pipeline_types import features_of_v2


@on_both("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::SecretsManager::ResourcePolicy")
def require_resource_policy(request: Request) -> None:
    """Refuse a malformed policy."""
    service = {"SNS": "Sns", "SQS": "Sqs"}.get(request.resource_type.split("::")[1], "SecretsManager")
    document = request.get("PolicyDocument") or request.get("ResourcePolicy")
    fault = policies.fault_of_resource_policy(document, needs_resource=False)
    if fault:
        raise service_refusal(f"Invalid parameter: Policy Error: {fault} (Error Code: InvalidParameter)", service)


@on_both("AWS::SecretsManager::Secret")
def require_one_value(request: Request) -> None:
    """Refuse both a value and rules to generate one."""
    if request.get("SecretString") is not None and request.get("GenerateSecretString") is not None:
        raise service_refusal(
            "You can specify either GenerateSecretString or SecretString but not both", "SecretsManager"
        )


@on_create("AWS::Logs::LogGroup")
def require_own_name(request: Request) -> None:
    """Refuse a name with AWS's reserved prefix."""
    if str(request.get("LogGroupName") or "").startswith("aws/"):
        raise service_refusal(
            "Log groups starting with aws/ are reserved for AWS (Error Code: InvalidParameterException)",
            "CloudWatchLogs",
        )


@on_both("AWS::CodePipeline::Pipeline")
def require_type_of_features(request: Request) -> None:
    """Refuse features of V2 in a pipeline of type V1; without a type, whether AWS refuses is not documented."""
    if request.get("PipelineType") == "V1":
        for feature in features_of_v2(request.properties):
            message = f"{feature} can only be used with V2 pipelines"
            raise service_refusal(f"{message} (Error Code: InvalidStructureException)", "CodePipeline")
