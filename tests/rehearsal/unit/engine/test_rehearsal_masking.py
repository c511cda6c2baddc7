"""No report shows what is secret."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.engine.masking import MASK, SHORTEST, masked
from rehearsal.report.progress import Progress, Status

CHARACTERS = st.sampled_from('ab"\\/\n\té€') | st.characters(exclude_characters="*")
"""Those that JSON spells otherwise more often than others."""
TEXTS = st.text(CHARACTERS, max_size=30)
SECRETS = st.sets(st.text(CHARACTERS, min_size=SHORTEST, max_size=20), max_size=5)
DOCUMENTS = st.recursive(
    TEXTS | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)
)


def texts(document: Any) -> list[str]:
    if isinstance(document, dict):
        return [text for value in document.values() for text in texts(value)]
    if isinstance(document, list):
        return [text for value in document for text in texts(value)]
    return [document] if isinstance(document, str) else []


def test_secrets_are_masked_everywhere() -> None:
    document = {"log": ["password=hunter22!", 'as JSON: "hun\\"ter"'], "status": "failed", "seconds": 1.5}
    expected = {"log": [f"password={MASK}!", f'as JSON: "{MASK}"'], "status": "failed", "seconds": 1.5}
    assert masked(document, {"hunter22", 'hun"ter'}) == expected


def test_longer_secret_is_masked_first() -> None:
    assert masked("verylongsecret", {"verylong", "verylongsecret"}) == MASK


def test_ordinary_words_are_kept() -> None:
    assert masked("dev deploys", {"dev", ""}) == "dev deploys"


@settings(max_examples=50)
@given(DOCUMENTS, SECRETS, TEXTS, TEXTS)
def test_no_text_holds_a_secret(document: Any, secrets: set[str], before: str, after: str) -> None:
    spelled = {form for secret in secrets for form in (secret, json.dumps(secret)[1:-1])}
    holding = [document, *(before + form + after for form in spelled)]
    for text in texts(masked(holding, secrets)):
        assert not any(form in text for form in spelled)


def test_logs_and_reasons_show_no_secret(tmp_path: Path) -> None:
    progress = Progress(tmp_path, lambda _: None, secrets={"given-secret"})
    step = progress.add_step("build", "CodeBuild")
    step.details.secrets.add("read-secret")
    progress.log(step, "it is given-secret and read-secret")
    progress.end(step, Status.FAILED, "no user read-secret")
    assert step.log_file.read_text() == "it is *** and ***\n"
    assert (step.line, step.reason) == ("it is *** and ***", "no user ***")
