"""The integration tests never show a secret in a failure message, a header dump, a repr or a report."""

import asyncio
import html
import json
import os
import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Generator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from integration_tests.engine import Credentials, Engine, read
from integration_tests.failure import CheckFailed
from integration_tests.http_checks import health_path_responds
from integration_tests.http_client import HttpClient
from integration_tests.secret_values import HIDDEN, SecretValues
from integration_tests.waiting import Deadline
from tests.faulty_http_server import PROXY_VARIABLES, Behaviour, Server, respond, serve_application
from tests.paths import ROOT

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&()*+,-./:;<=>?@[]^_{|}~\"'\\ äß€"
secret_texts = st.text(LETTERS, min_size=8, max_size=60).map(str.strip).filter(lambda text: len(text) >= 8)
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in a path": lambda text: quote(text, safe=""),
    "in a form": quote_plus,
    "in JSON": lambda text: json.dumps(text)[1:-1],
    "in HTML": html.escape,
    "in base64": lambda text: b64encode(text.encode()).decode(),
    "in Python": lambda text: repr(text)[1:-1],
}


class Echo:
    """A server whose behaviour the test sets."""

    def __init__(self) -> None:
        self.behaviour: Behaviour = respond(500)
        self.server: Server | None = None


@pytest.fixture(scope="module")
def echo() -> Generator[Echo, None, None]:
    found = Echo()
    with pytest.MonkeyPatch.context() as patch, serve_application(lambda _: found.behaviour) as server:
        for name in PROXY_VARIABLES:
            patch.delenv(name, raising=False)
        found.server = server
        yield found


def dumps(client: HttpClient) -> str:
    """Return all texts that can show a response or a failure caused by it."""
    one = client.get("/resourceService/", seconds=5)
    reply = read(one, client)
    shown = [
        str(one),
        repr(one),
        repr(reply.fault),
        *one.details,
        repr(client),
        repr(client.secret_values),
        repr(reply),
    ]
    with pytest.raises(CheckFailed) as failure:
        health_path_responds(
            client, path="/resourceService/", consecutive=1, deadline=Deadline(seconds=0.001), request_seconds=5
        )
    return "\n".join([*shown, str(failure.value)])


def _say(text: str) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(text.encode())
        await writer.drain()

    return behave


PLACES = ["body", "failure", "location", "header", "type", "no HTTP"]


@settings(max_examples=50, deadline=None)
@given(
    secret=secret_texts,
    spelling=st.sampled_from(sorted(SPELLINGS)),
    place=st.sampled_from(PLACES),
)
def test_dumps_mask_secrets(echo: Echo, secret: str, spelling: str, place: str) -> None:
    assert echo.server
    written = SPELLINGS[spelling](secret)
    echo.behaviour = respond(500)
    ordinary = dumps(HttpClient(echo.server.url)).lower()
    # Every dump has texts such as the server's address; they are not secret.
    assume(secret.lower() not in ordinary and written.lower() not in ordinary)
    in_header = written.encode("ascii", "ignore").decode()
    echo.behaviour = {
        "body": respond(500, f"you said {written} to me".encode()),
        "failure": respond(200, f"<response><failure>{written} is wrong</failure></response>".encode()),
        "location": respond(302, location=f"https://elsewhere.example/{in_header}"),
        "header": respond(500, headers={"Server": f"echo {in_header}", "Set-Cookie": in_header}),
        "type": respond(500, content_type=f"text/{in_header}"),
        "no HTTP": _say(f"{in_header}\r\n\r\n"),
    }[place]
    known = SecretValues()
    known.add(secret)
    shown = dumps(HttpClient(echo.server.url, secret_values=known, headers={"X-Origin-Verify": secret.encode().hex()}))
    for text in (secret, written):
        assert text.lower() not in shown.lower()


@given(secret=secret_texts, cut=st.integers(4, 60))
def test_truncated_secret_is_masked(secret: str, cut: int) -> None:
    known = SecretValues()
    known.add(secret)
    assert secret[:cut] not in known.hide(f"X-Origin-Verify: {secret[:cut]}").removeprefix("X-Origin-Verify: ")


def test_secret_at_the_truncation_edge_is_masked(echo: Echo) -> None:
    assert echo.server
    known = SecretValues()
    known.add("the-whole-secret-value")
    for padding in range(40, 80):
        echo.behaviour = respond(500, b"x" * padding + b"the-whole-secret-value")
        assert "the-wh" not in dumps(HttpClient(echo.server.url, secret_values=known))


def test_text_without_secrets_is_unchanged() -> None:
    known = SecretValues()
    assert known.hide("nothing is known yet") == "nothing is known yet"
    known.add("")
    known.add("hidden-value")
    assert known.hide("503 Service Unavailable, 'starting'") == "503 Service Unavailable, 'starting'"
    assert known.hide("a hidden-value, A HIDDEN-VALUE") == "a ***, A ***"


def test_credentials_are_registered_before_they_are_sent(echo: Echo) -> None:
    assert echo.server
    credentials = Credentials(username="admin", password="YAWL")
    assert "YAWL" not in repr(credentials)
    # The hash in YAWL's database for its default administrator.
    assert credentials.encoded_password == "Se4tMaQCi9gr0Q2usp7P56Sk5vM="
    client = HttpClient(echo.server.url)
    echo.behaviour = respond(200, b"<response>0b5e7c3a-aaaa-bbbb</response>", content_type="text/xml")
    handle = Engine(client).connect(credentials, seconds=5).text
    assert handle == "0b5e7c3a-aaaa-bbbb"
    assert client.secret_values.hide(f"{handle} {credentials.encoded_password}") == "*** ***"


def test_unexpected_error_is_masked(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from integration_tests.conftest import *\n")
    (tmp_path / "test_it.py").write_text(
        "def test_it(secret_values):\n"
        "    secret = 'never-' + 'shown'\n"
        "    secret_values.add(secret)\n"
        "    print(secret)\n"
        "    raise ValueError(secret)\n"
    )
    variables = {
        "ALB_URL": "http://127.0.0.1:1",
        "HEALTH_PATH": "/",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": str(ROOT),
        "PATH": os.environ["PATH"],
    }
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", str(tmp_path), f"--junitxml={tmp_path}/report.xml", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    report = (tmp_path / "report.xml").read_text()
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout + ended.stderr
    assert "ValueError: ***" in ended.stdout
    assert "never-shown" not in ended.stdout + ended.stderr + report


WHOLE: dict[str, Callable[[str], str]] = {
    **SPELLINGS,
    "in a path with slashes": quote,
    "in JSON of Unicode": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "in HTML's text": lambda text: html.escape(text, quote=False),
    "in base64 for URLs": lambda text: urlsafe_b64encode(text.encode()).decode(),
    "in ASCII": lambda text: ascii(text)[1:-1],
    "in one line": lambda text: " ".join(text.split()),
}


@pytest.mark.parametrize("spelling", WHOLE)
@pytest.mark.parametrize("secret", ["é/ä+'pass'\n<ß> \"word\"\\ü", "?>?>?>é'"])
def test_no_letter_of_a_secret_is_left(secret: str, spelling: str) -> None:
    values = SecretValues()
    values.add(secret)
    shown = values.hide(f"[{WHOLE[spelling](secret)}]").replace("=", "")
    assert shown == f"[{HIDDEN}]"


@pytest.mark.parametrize(
    ("ending", "shown"), [("abc", "abc"), ("abcd", HIDDEN), ("abcdefg", HIDDEN), ("ABCDE", HIDDEN), ("bcdef", "bcdef")]
)
def test_beginning_of_a_secret_at_the_end_is_masked_from_four_letters(ending: str, shown: str) -> None:
    values = SecretValues()
    assert values.hide(f"x {ending}") == f"x {ending}"
    values.add("")
    values.add("abcdefgh")
    assert values.hide(f"x {ending}") == f"x {shown}"
