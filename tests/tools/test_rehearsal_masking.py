"""No report shows what is secret."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.masking import MASK, SHORTEST, masked

TEXTS = st.text(st.characters(exclude_characters="*"), max_size=30)
SECRETS = st.sets(st.text(st.characters(exclude_characters="*"), min_size=SHORTEST, max_size=20), max_size=5)
DOCUMENTS = st.recursive(
    TEXTS | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)
)


def texts(document: Any) -> list[str]:
    if isinstance(document, dict):
        return [text for value in document.values() for text in texts(value)]
    if isinstance(document, list):
        return [text for value in document for text in texts(value)]
    return [document] if isinstance(document, str) else []


def test_secrets_are_masked_wherever_they_stand() -> None:
    document = {"log": ["password=hunter22!", 'as JSON: "hun\\"ter"'], "status": "failed", "seconds": 1.5}
    expected = {"log": [f"password={MASK}!", f'as JSON: "{MASK}"'], "status": "failed", "seconds": 1.5}
    assert masked(document, {"hunter22", 'hun"ter'}) == expected


def test_of_two_secrets_the_longer_goes_first() -> None:
    assert masked("verylongsecret", {"verylong", "verylongsecret"}) == MASK


def test_ordinary_words_stay() -> None:
    assert masked("dev deploys", {"dev", ""}) == "dev deploys"


@settings(max_examples=50)
@given(DOCUMENTS, SECRETS, TEXTS, TEXTS)
def test_no_text_holds_a_secret(document: Any, secrets: set[str], before: str, after: str) -> None:
    holding = [document, *(before + secret + after for secret in secrets)]
    for text in texts(masked(holding, secrets)):
        assert not any(secret in text or json.dumps(secret)[1:-1] in text for secret in secrets)
