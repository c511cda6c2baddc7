"""APIs and functions answer under the URLs that AWS gives them, without a signature."""

import urllib.error
import urllib.request

import pytest

from tests.rehearsal.emulator.action_runner import powerful_role
from tests.rehearsal.emulator.aws.test_edge import ALL_VIEWER_EXCEPT_HOST, CACHING_DISABLED
from tests.rehearsal.emulator.aws.test_lambda_modules import zipped
from tests.rehearsal.emulator.conftest import Account, attribute, ref, resource

ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"

CODE = (
    "def handler(event, context): return {'statusCode': 200, 'body': 'seen ' + (event.get('rawPath') or event['path'])}"
)


def function(account: Account) -> str:
    created = account.client("lambda").create_function(
        FunctionName="answering",
        Runtime="python3.13",
        Role=powerful_role(account, "function"),
        Handler="index.handler",
        Code={"ZipFile": zipped(index__py=CODE)},
    )
    return created["FunctionArn"]


def get(account: Account, url: str) -> str:
    proxies = urllib.request.ProxyHandler({"http": account.cloud.endpoint})
    with urllib.request.build_opener(proxies).open(url.replace("https:", "http:"), timeout=30) as answer:
        return answer.read().decode()


def test_url_of_a_function(account: Account) -> None:
    function(account)
    url = account.client("lambda").create_function_url_config(FunctionName="answering", AuthType="NONE")["FunctionUrl"]
    assert url.endswith(".lambda-url.eu-west-1.on.aws/")
    assert get(account, f"{url}page") == "seen /page"


def test_url_of_an_api(account: Account) -> None:
    arn, api = function(account), account.client("apigateway")
    identifier = api.create_rest_api(name="api")["id"]
    [root] = api.get_resources(restApiId=identifier)["items"]
    page = api.create_resource(restApiId=identifier, parentId=root["id"], pathPart="page")["id"]
    where = {"restApiId": identifier, "resourceId": page, "httpMethod": "GET"}
    api.put_method(**where, authorizationType="NONE")
    target = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    api.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=target)
    api.create_deployment(restApiId=identifier, stageName="prod")
    account.client("lambda").add_permission(
        FunctionName="answering",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    assert get(account, f"https://{identifier}.execute-api.eu-west-1.amazonaws.com/prod/page") == "seen /page"


def http_api(account: Account, *, host_policy: str) -> dict[str, str]:
    """An API with one function behind a distribution; returns the physical ids of its resources."""
    endpoint = {"Fn::Select": [2, {"Fn::Split": ["/", attribute("Api", "ApiEndpoint")]}]}
    target = {"Fn::Join": ["/", ["integrations", ref("Integration")]]}
    behavior = {"TargetOriginId": "api", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": CACHING_DISABLED}
    origin = {"Id": "api", "DomainName": endpoint, "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"}}
    configuration = {
        "Enabled": True,
        "DefaultCacheBehavior": {**behavior, "OriginRequestPolicyId": host_policy},
        "Origins": [origin],
    }
    return account.deploy(
        Api=resource("AWS::ApiGatewayV2::Api", Name="api", ProtocolType="HTTP"),
        Integration=resource(
            "AWS::ApiGatewayV2::Integration",
            ApiId=ref("Api"),
            IntegrationType="AWS_PROXY",
            IntegrationUri=function(account),
            PayloadFormatVersion="2.0",
        ),
        Route=resource("AWS::ApiGatewayV2::Route", ApiId=ref("Api"), RouteKey="$default", Target=target),
        Stage=resource("AWS::ApiGatewayV2::Stage", ApiId=ref("Api"), StageName="$default", AutoDeploy=True),
        Allowed=resource(
            "AWS::Lambda::Permission",
            Action="lambda:InvokeFunction",
            FunctionName="answering",
            Principal="apigateway.amazonaws.com",
        ),
        Site=resource("AWS::CloudFront::Distribution", DistributionConfig=configuration),
    )


def domain(account: Account) -> str:
    [found] = account.client("cloudfront").list_distributions()["DistributionList"]["Items"]
    return found["DomainName"]


def test_http_api_has_the_name_that_aws_gives_it_and_is_an_origin(account: Account) -> None:
    api = http_api(account, host_policy=ALL_VIEWER_EXCEPT_HOST)["Api"]
    [found] = account.client("apigatewayv2").get_apis()["Items"]
    assert found["ApiEndpoint"] == f"https://{api}.execute-api.eu-west-1.amazonaws.com"
    assert get(account, f"{found['ApiEndpoint']}/page") == "seen /page"
    assert get(account, f"https://{domain(account)}/page") == "seen /page"


def test_http_api_refuses_the_name_of_its_distribution(account: Account) -> None:
    """As on AWS, where an API answers only to its own name."""
    http_api(account, host_policy=ALL_VIEWER)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        get(account, f"https://{domain(account)}/page")
