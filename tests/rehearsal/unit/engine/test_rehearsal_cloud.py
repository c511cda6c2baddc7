"""Clients of the emulated AWS are nobody's: no profile, no file and no setting of the user's has a say."""

from pathlib import Path

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud, Credentials, EmulatorError, Forbidden, open_without_proxy
from rehearsal.process.proxy_settings import ProxySettings, write_authorities
from tests.faulty_http_server import respond, serve

ENDPOINT = "http://localhost:9"
SETTINGS = {
    "AWS_PROFILE": "no-such-profile",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL": "https://real.example.com",
    "AWS_ENDPOINT_URL_STS": "https://real.example.com",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_REGION": "ap-south-1",
    "HTTP_PROXY": "http://proxy.example.com",
}


@pytest.fixture
def _users_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    for name in ("config", "credentials"):
        file = tmp_path / name
        file.write_text("[default]\nregion = ap-south-1\naws_access_key_id = AKIAREAL\nuse_fips_endpoint = true\n")
        monkeypatch.setenv("AWS_CONFIG_FILE" if name == "config" else "AWS_SHARED_CREDENTIALS_FILE", str(file))


@pytest.mark.usefixtures("_users_settings")
@pytest.mark.parametrize("service", ["sts", "s3", "cloudformation"])
def test_clients_use_the_account_and_the_emulator(service: str) -> None:
    client = Cloud(ENDPOINT).in_account(service, AwsEnvironment("222222222222", "eu-west-1"))
    assert client.meta.endpoint_url == ENDPOINT
    assert client.meta.region_name == "eu-west-1"
    credentials = client._request_signer._credentials
    assert (credentials.access_key, credentials.token) == ("222222222222", None)
    assert client.meta.config.proxies == {}


@pytest.mark.usefixtures("_users_settings")
def test_child_environment_has_the_emulator_and_no_config_files() -> None:
    environment = Cloud(ENDPOINT).environment("eu-west-1", Credentials("ASIA", "secret", "token"))
    assert environment["HTTP_PROXY"] == ENDPOINT
    # CDK CLIs of 2025, such as 2.1006.0, send requests to `bucket.localhost` through the proxy, which damages files.
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert not set(environment.values()) & {value for value in SETTINGS.values() if value != "true"}


@pytest.mark.usefixtures("_users_settings")
def test_loopback_bypasses_the_proxy() -> None:
    here = respond(200, b"here")
    with serve(here, elsewhere=here) as server, open_without_proxy(f"{server.url}/", timeout_seconds=5) as found:
        assert found.read() == b"here"


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (403, Forbidden, "not authorized"),
        (500, EmulatorError, "service-calls was answered with HTTP status 500; see its log"),
    ],
)
def test_failed_emulator_is_not_a_refusal(status: int, error: type[Exception], message: str) -> None:
    answer = respond(status, b'{"message": "not authorized"}' if status == 403 else b"")
    with serve(answer, elsewhere=answer) as server, pytest.raises(error, match=message):
        Cloud(server.url).check_service_calls("delivery", AwsEnvironment("222222222222", "eu-west-1"), "")


def test_child_uses_the_tunnel_and_keeps_its_options(tmp_path: Path) -> None:
    way = ProxySettings("http://127.0.0.1:8", tmp_path / "authorities.pem", tmp_path / "hooks", 7)
    cloud = Cloud("http://localhost:9", way)
    assert cloud.ports == (9, 8, 7)
    found = cloud.proxy_environment({"NODE_OPTIONS": "--no-warnings", "PYTHONPATH": "src"})
    assert found["HTTPS_PROXY"] == found["https_proxy"] == "http://127.0.0.1:8"
    assert found["SSL_CERT_FILE"] == found["AWS_CA_BUNDLE"] == str(tmp_path / "authorities.pem")
    assert found["NODE_OPTIONS"] == f'--require="{tmp_path}/hooks/node_hook.cjs" --no-warnings'
    assert found["PYTHONPATH"] == f"{tmp_path}/hooks:src"


def test_user_cas_and_the_temporary_ca_are_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.pem").write_text("own")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    write_authorities(tmp_path / "all.pem", "throwaway")
    assert (tmp_path / "all.pem").read_text() == "own\nthrowaway"
