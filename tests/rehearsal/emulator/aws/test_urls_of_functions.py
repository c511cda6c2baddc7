"""APIs and functions answer under the URLs that AWS gives them, without a signature."""

import urllib.request

from tests.rehearsal.emulator.action_runner import powerful_role
from tests.rehearsal.emulator.aws.test_lambda_modules import zipped
from tests.rehearsal.emulator.conftest import Account

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
