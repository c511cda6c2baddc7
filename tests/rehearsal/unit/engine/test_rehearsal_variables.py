"""Pipeline variables in configurations, also in those that are JSON."""

import json
import re
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.engine.variables import UnresolvedVariable, resolve

NAMES = st.text(f"{ascii_letters}{digits}@_-", min_size=1, max_size=20)
PLAIN = st.text().filter(lambda text: "#{" not in text)


@given(before=PLAIN, namespace=NAMES, name=NAMES, value=st.text(), after=PLAIN)
def test_reference_is_replaced_by_its_value(before: str, namespace: str, name: str, value: str, after: str) -> None:
    text = f"x{before}#{{{namespace}.{name}}}{after}"
    assert resolve(text, {namespace: {name: value}}) == f"x{before}{value}{after}"


@given(value=st.text())
def test_bracket_is_not_json(value: str) -> None:
    assert resolve("[prod] #{Source.CommitMessage}", {"Source": {"CommitMessage": value}}) == f"[prod] {value}"


@given(text=PLAIN)
def test_text_without_references_is_unchanged(text: str) -> None:
    assert resolve(text, {}) == text


@given(value=st.text())
def test_value_is_not_resolved_again(value: str) -> None:
    assert resolve("#{a.b}", {"a": {"b": "#{a.b}" + value}}) == "#{a.b}" + value


@given(value=st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters='"\\')))
def test_value_in_json_is_not_escaped(value: str) -> None:
    text = json.dumps([{"value": "before #{Source.CommitId} after"}])
    [found] = json.loads(resolve(text, {"Source": {"CommitId": value}}))
    assert found["value"] == f"before {value} after"


@pytest.mark.parametrize("value", ['say "yes"', "two\nlines", "\\ alone"])
def test_value_that_breaks_json_fails_as_on_codepipeline(value: str) -> None:
    text = json.dumps([{"name": "MESSAGE", "value": "#{Source.CommitMessage}"}])
    with pytest.raises(UnresolvedVariable, match=r"#\{Source\.CommitMessage\} breaks the JSON"):
        resolve(text, {"Source": {"CommitMessage": value}})


@pytest.mark.parametrize("text", ["#{a.b}", "x #{Source.b}", '{"x": "#{a.Commit}"}'])
def test_missing_value_is_reported(text: str) -> None:
    reference = re.search(r"#\{.*?\}", text)
    assert reference is not None
    with pytest.raises(UnresolvedVariable, match=re.escape(reference.group())):
        resolve(text, {"Source": {"Commit": "x"}})


@pytest.mark.parametrize("text", ["#{}", "#{a}", "#{ a.b }", "#{a.b.c}", "# {a.b}", "${a.b}"])
def test_other_text_is_unchanged(text: str) -> None:
    assert resolve(text, {"a": {"b": "value"}}) == text
