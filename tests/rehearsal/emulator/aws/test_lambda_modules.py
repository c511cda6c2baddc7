"""What Lambda provides to functions: the SDK of Node in both versions, boto3, the AWS CLI of the CDK's layer."""

import io
import json
import zipfile
from typing import Any

import pytest

from tests.rehearsal.emulator.action_runner import powerful_role
from tests.rehearsal.emulator.conftest import Account

THIRD_VERSION = """
const S3 = require('@aws-sdk/client-s3');
const { S3Client, PutObjectCommand, GetObjectCommand, HeadObjectCommand } = S3;
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBDocumentClient, PutCommand, GetCommand } = require('@aws-sdk/lib-dynamodb');
const { STS } = require('@aws-sdk/client-sts');
exports.handler = async ({ bucket, table }) => {
  const s3 = new S3Client({});
  for (const Key of ['a', 'b', 'c']) {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Buffer.from(Key) }));
  }
  const { Body, LastModified } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'b' }));
  const pages = [];
  for await (const page of S3.paginateListObjectsV2({ client: s3 }, { Bucket: bucket, MaxKeys: 2 })) {
    pages.push(page.Contents.map((one) => one.Key));
  }
  const failure = (error) => [error.name, error.$metadata.httpStatusCode];
  const missing = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'no' })).catch(failure);
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  const item = { id: 'one', list: [1, { deep: true }], Item: 'text', nothing: null };
  await documents.send(new PutCommand({ TableName: table, Item: item }));
  const { Item } = await documents.send(new GetCommand({ TableName: table, Key: { id: 'one' } }));
  const { Account } = await new STS({}).getCallerIdentity({});
  return { text: await Body.transformToString(), isDate: LastModified instanceof Date, pages, missing, Item, Account };
};
"""

MODULE = """
import { SSMClient, PutParameterCommand, GetParameterCommand, ParameterNotFound } from '@aws-sdk/client-ssm';
export const handler = async () => {
  const ssm = new SSMClient({});
  await ssm.send(new PutParameterCommand({ Name: '/found', Value: 'here', Type: 'String' }));
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/found' }));
  try {
    await ssm.send(new GetParameterCommand({ Name: '/missing' }));
  } catch (error) {
    return { value: Parameter.Value, expected: error instanceof ParameterNotFound, name: error.name };
  }
};
"""

SECOND_VERSION = """
const AWS = require('aws-sdk');
exports.handler = (event, context, done) => {
  const s3 = new AWS.S3();
  s3.putObject({ Bucket: event.bucket, Key: 'k', Body: 'v' }, async (error) => {
    if (error) return done(error);
    const { Body } = await s3.getObject({ Bucket: event.bucket, Key: 'k' }).promise();
    const documents = new AWS.DynamoDB.DocumentClient();
    await documents.put({ TableName: event.table, Item: { id: 'two', n: 2 } }).promise();
    const { Item } = await documents.get({ TableName: event.table, Key: { id: 'two' } }).promise();
    const missing = await s3.getObject({ Bucket: event.bucket, Key: 'no' }).promise().catch((failure) => failure.code);
    done(null, { body: Body.toString(), Item, missing });
  });
};
"""

PYTHON = """
import importlib.util
import boto3
import subprocess
def handler(event, context):
    boto3.client("s3").put_object(Bucket=event["bucket"], Key="python", Body=b"x")
    listed = subprocess.check_output(["/opt/awscli/aws", "s3", "ls", f"s3://{event['bucket']}"], text=True)
    return {"listed": listed.split()[-1], "own": importlib.util.find_spec("jinja2") is not None}
"""


def zipped(**files: str) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return memory.getvalue()


def invoke(account: Account, code: bytes, runtime: str, event: dict[str, Any]) -> Any:
    client = account.client("lambda")
    client.create_function(
        FunctionName="tried",
        Runtime=runtime,
        Role=powerful_role(account, "function"),
        Handler="index.handler",
        Code={"ZipFile": code},
        Timeout=60,
    )
    answer = client.invoke(FunctionName="tried", Payload=json.dumps(event).encode())
    return json.load(answer["Payload"])


@pytest.fixture
def stores(account: Account) -> dict[str, str]:
    """A bucket and a table."""
    name = f"stores-{account.place.account}"
    region = {"LocationConstraint": account.place.region}
    account.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=region)
    account.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return {"bucket": name, "table": name}


def test_a_node_function_has_the_third_version_of_the_sdk(account: Account, stores: dict[str, str]) -> None:
    assert invoke(account, zipped(index__js=THIRD_VERSION), "nodejs20.x", stores) == {
        "text": "b",
        "isDate": True,
        "pages": [["a", "b"], ["c"]],
        "missing": ["NotFound", 404],
        "Item": {"id": "one", "list": [1, {"deep": True}], "Item": "text", "nothing": None},
        "Account": account.place.account,
    }


def test_an_ecmascript_module_imports_the_sdk(account: Account) -> None:
    found = invoke(account, zipped(index__mjs=MODULE), "nodejs22.x", {})
    assert found == {"value": "here", "expected": True, "name": "ParameterNotFound"}


def test_a_node_function_has_the_second_version_of_the_sdk(account: Account, stores: dict[str, str]) -> None:
    found = invoke(account, zipped(index__js=SECOND_VERSION), "nodejs16.x", stores)
    assert found == {"body": "v", "Item": {"id": "two", "n": 2}, "missing": "NoSuchKey"}


def test_a_python_function_has_boto3_and_the_cli_but_not_the_libraries_of_the_rehearsal(
    account: Account, stores: dict[str, str]
) -> None:
    assert invoke(account, zipped(index__py=PYTHON), "python3.12", stores) == {"listed": "python", "own": False}
