"""No secret leaves the log writer, in whatever form YAWL, Tomcat or a library writes it."""

import base64
import hashlib
import json
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest

from supervisor.log import TEXT_LIMIT, Journal, start_log
from supervisor.masking import MASK, Secrets

SECRET = 'pa&ss "wörd"/+='
HASHED = base64.b64encode(hashlib.sha1(SECRET.encode(), usedforsecurity=False).digest()).decode()
FORMS = {
    "plain": SECRET,
    "as YAWL hashes it": HASHED,
    "hashed, in hexadecimal": hashlib.sha1(SECRET.encode(), usedforsecurity=False).hexdigest(),
    "in a URL's path": quote(SECRET),
    "in a form": quote_plus(SECRET),
    "hashed, in a form": quote_plus(HASHED),
    "in XML": escape(SECRET, {'"': "&quot;"}),
    "in JSON": json.dumps(SECRET, ensure_ascii=False),
    "in Base64": base64.b64encode(SECRET.encode()).decode(),
}


def written(capsys: pytest.CaptureFixture[str], event: str, fields: dict[str, object] | None = None) -> str:
    secrets = Secrets()
    log = start_log(level="DEBUG", task="task1", secrets=secrets)
    secrets.add(SECRET)
    Journal("test").debug(event, fields)
    log.stop()
    return capsys.readouterr().out


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_every_encoding_of_a_secret_is_masked(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = written(capsys, f"password={form}&next", {"url": f"?password={form}", form: 1, "more": [form]})
    document = json.loads(line)
    assert MASK in document["event"]
    assert not [one for one in FORMS.values() if one in line or one in document["event"]]
    assert line.count(MASK) == 4


def test_text_is_truncated_after_masking(capsys: pytest.CaptureFixture[str]) -> None:
    line = written(capsys, "x" * (TEXT_LIMIT - 3) + SECRET)
    assert SECRET[:3] not in json.loads(line)["event"]


def test_longer_secret_is_masked_first() -> None:
    assert Secrets("secret", "secret-and-more").mask("secret-and-more, secret") == f"{MASK}, {MASK}"


def test_short_secrets_are_not_masked() -> None:
    assert Secrets("", "abc").mask("abcdef") == "abcdef"
