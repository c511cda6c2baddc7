"""Load balancers answer unsigned requests to their own names, with the emulator as the proxy."""

import http.client
from collections.abc import Generator
from typing import Any
from urllib.parse import urlsplit

import pytest

from rehearsal.gaps import NOTHING_BEHIND, GapKind
from tests.faulty_http_server import Server, respond, serve
from tests.rehearsal.emulator.conftest import Account, ref, resource


@pytest.fixture
def task() -> Generator[Server, None, None]:
    """The target of the load balancer."""
    found = respond(200, b"from the task", content_type="text/plain")
    with serve(found, elsewhere=found) as server:
        yield server


def template() -> dict[str, dict[str, Any]]:
    """A load balancer on port 80 with a fixed response for the closed path."""
    return {
        "Network": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
        "One": resource("AWS::EC2::Subnet", VpcId=ref("Network"), CidrBlock="10.0.0.0/24"),
        "Two": resource("AWS::EC2::Subnet", VpcId=ref("Network"), CidrBlock="10.0.1.0/24"),
        "Balancer": resource("AWS::ElasticLoadBalancingV2::LoadBalancer", Subnets=[ref("One"), ref("Two")]),
        "Group": resource(
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            Port=8080,
            Protocol="HTTP",
            TargetType="ip",
            VpcId=ref("Network"),
        ),
        "Listener": resource(
            "AWS::ElasticLoadBalancingV2::Listener",
            LoadBalancerArn=ref("Balancer"),
            Port=80,
            Protocol="HTTP",
            DefaultActions=[{"Type": "forward", "TargetGroupArn": ref("Group")}],
        ),
        "Closed": resource(
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            ListenerArn=ref("Listener"),
            Priority=1,
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/closed"]}, "Values": ["/closed"]}],
            Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403", "MessageBody": "no"}}],
        ),
    }


def balance(account: Account, port: int) -> str:
    """Deploy a load balancer in front of a port of this machine; return its name."""
    ids = account.deploy(**template())
    targets = [{"Id": "127.0.0.1", "Port": port}]
    account.client("elbv2").register_targets(TargetGroupArn=ids["Group"], Targets=targets)
    [found] = account.client("elbv2").describe_load_balancers(LoadBalancerArns=[ids["Balancer"]])["LoadBalancers"]
    return found["DNSName"]


def by_proxy(account: Account, url: str, *, method: str = "GET", body: bytes | None = None) -> tuple[int, str]:
    """Request a whole URL from the emulator, as clients do with HTTP_PROXY."""
    emulator = urlsplit(account.cloud.endpoint)
    connection = http.client.HTTPConnection(emulator.hostname or "", emulator.port, timeout=10)
    try:
        connection.request(method, url, body=body, headers={"Host": urlsplit(url).netloc})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_load_balancers_of_any_account_and_region(account: Account, other_account: Account, task: Server) -> None:
    for found in (account, other_account):
        assert by_proxy(found, f"http://{balance(found, task.port)}/resourceService/") == (200, "from the task")


def test_request_is_forwarded_unchanged(account: Account, task: Server) -> None:
    name = balance(account, task.port)
    by_proxy(account, f"http://{name}/a%20b/c?x=1&y=%2F", method="POST", body=b"content")
    [request] = task.requests
    head, _, body = request.partition("\r\n\r\n")
    assert head.startswith("POST /a%20b/c?x=1&y=%2F HTTP/1.1")
    assert body == "content"


def test_routing_by_host_header(account: Account, task: Server) -> None:
    name = balance(account, task.port)
    emulator = urlsplit(account.cloud.endpoint)
    connection = http.client.HTTPConnection(emulator.hostname or "", emulator.port, timeout=10)
    connection.request("GET", "/resourceService/", headers={"Host": name.upper()})
    assert connection.getresponse().status == 200
    connection.close()


def test_listener_rules(account: Account, task: Server) -> None:
    assert by_proxy(account, f"http://{balance(account, task.port)}/closed") == (403, "no")
    assert task.requests == []


def test_port_without_a_listener_does_not_answer(account: Account, task: Server) -> None:
    status, text = by_proxy(account, f"http://{balance(account, task.port)}:8443/resourceService/")
    assert status == 502
    assert "does not listen on port 8443" in text


def test_body_limit(account: Account, task: Server) -> None:
    url = f"http://{balance(account, task.port)}/"
    assert by_proxy(account, url, method="POST", body=b"x" * (16 * 1024 * 1024 + 1))[0] == 413


ELSEWHERE = [
    ("http://no-such.eu-west-1.elb.amazonaws.com/", "no load balancer is named no-such.eu-west-1.elb.amazonaws.com"),
    ("http://example.com/", "the rehearsal's proxy reaches only emulated hosts, not example.com"),
]


@pytest.mark.parametrize(("url", "reason"), ELSEWHERE, ids=[url for url, _ in ELSEWHERE])
def test_proxy_reaches_only_load_balancers(account: Account, url: str, reason: str) -> None:
    status, text = by_proxy(account, url)
    assert status == 502
    assert reason in text


def test_proxy_refuses_metadata_addresses(account: Account) -> None:
    status, text = by_proxy(account, "http://169.254.169.254/latest/meta-data/")
    assert status == 403
    assert "169.254.169.254" in text


def test_targets_off_this_machine_are_not_reached(account: Account) -> None:
    """No template makes the emulator connect to another machine. 192.0.2.1 is reserved for documentation."""
    ids = account.deploy(**template())
    balancing = account.client("elbv2")
    balancing.register_targets(TargetGroupArn=ids["Group"], Targets=[{"Id": "192.0.2.1", "Port": 80}])
    [found] = balancing.describe_load_balancers(LoadBalancerArns=[ids["Balancer"]])["LoadBalancers"]
    assert by_proxy(account, f"http://{found['DNSName']}/") == NOT_REHEARSED


NOT_REHEARSED = (503, "not rehearsed: nothing runs behind this load balancer\n")


def test_balancer_without_targets_is_not_rehearsed(account: Account) -> None:
    ids = account.deploy(**template())
    [found] = account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    before = account.cloud.fact("unserved")
    assert by_proxy(account, f"http://{found['DNSName']}/") == NOT_REHEARSED
    [request] = account.cloud.fact("unserved")["requests"][len(before["requests"]) :]
    assert request["kind"] == GapKind.WORKLOAD
    where = f"load balancer stack/Balancer in {account.place}"
    gap = {"kind": GapKind.WORKLOAD, "where": where, "reason": NOTHING_BEHIND, "is_minor": False}
    assert gap in before["gaps"]
    # An instance, which no laptop has.
    elsewhere = [{"Id": "i-0123456789abcdef0", "Port": 80}]
    account.client("elbv2").register_targets(TargetGroupArn=ids["Group"], Targets=elsewhere)
    assert by_proxy(account, f"http://{found['DNSName']}/") == NOT_REHEARSED


def test_balancer_with_a_target_is_rehearsed(account: Account, task: Server) -> None:
    balance(account, task.port)
    gaps = account.cloud.fact("unserved")["gaps"]
    assert [gap["where"] for gap in gaps if gap["where"].endswith(str(account.place))] == []


@pytest.mark.parametrize("names", ["listener", "host"])
def test_api_reaches_its_load_balancer(names: str, account: Account, task: Server) -> None:
    ids = account.deploy(**template())
    [found] = account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    backend = ids["Listener"] if names == "listener" else f"http://{found['DNSName']}"
    client = account.client("apigatewayv2")
    api = client.create_api(Name="front", ProtocolType="HTTP")["ApiId"]
    integration = client.create_integration(
        ApiId=api,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="ANY",
        IntegrationUri=backend,
        PayloadFormatVersion="1.0",
    )["IntegrationId"]
    client.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{integration}")
    client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    assert of_api(account, api) == NOT_REHEARSED
    targets = [{"Id": "127.0.0.1", "Port": task.port}]
    account.client("elbv2").register_targets(TargetGroupArn=ids["Group"], Targets=targets)
    assert of_api(account, api) == (200, "from the task")
    [request] = task.requests
    assert request.startswith("GET /orders?x=1 HTTP/1.1")


def of_api(account: Account, api: str) -> tuple[int, str]:
    """Call the API as the account."""
    scope = f"{account.place.account}/20261130/{account.place.region}/execute-api/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"
    emulator = urlsplit(account.cloud.endpoint)
    connection = http.client.HTTPConnection(emulator.hostname or "", emulator.port, timeout=10)
    try:
        path = f"/_aws/execute-api/{api}/$default/orders?x=1"
        connection.request("GET", path, headers={"Authorization": authorization})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_api_whose_backend_is_elsewhere_is_not_rehearsed(account: Account) -> None:
    client, before = account.client("apigatewayv2"), account.cloud.fact("unserved")["requests"]
    api = client.create_api(Name="front", ProtocolType="HTTP")["ApiId"]
    target = client.create_integration(
        ApiId=api,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="ANY",
        IntegrationUri="https://api.example.com",
        PayloadFormatVersion="1.0",
    )["IntegrationId"]
    client.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{target}")
    client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    status, text = by_proxy(account, f"http://{api}.execute-api.eu-west-1.amazonaws.com/items")
    assert (status, text) == (503, "not rehearsed: api.example.com is outside of the rehearsal\n")
    reason = "an API needed api.example.com, which is outside of the rehearsal"
    new = account.cloud.fact("unserved")["requests"][len(before) :]
    assert new == [{"kind": GapKind.WORKLOAD, "reason": reason, "client": "127.0.0.1"}]
