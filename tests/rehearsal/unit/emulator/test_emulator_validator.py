"""The emulator's validator of properties: CloudFormation's words, and its tolerance for texts and numbers."""

from typing import Any

import pytest

from rehearsal.emulator.rules.schemas import HOME_REGION, resource_types, schema_of
from rehearsal.emulator.rules.validator import compiled


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    return list(compiled(schema)(value, "#"))


@pytest.mark.parametrize(
    ("schema", "good", "bad", "words"),
    [
        ({"type": "integer"}, "20", "twenty", "#: expected type: Integer, found: String"),
        ({"type": "string"}, 20, [20], "#: expected type: String, found: JSONArray"),
        ({"type": "boolean"}, "true", "yes", "#: expected type: Boolean, found: String"),
        ({"type": ["object", "string"]}, "{}", [], "#: expected type: JSONObject or String, found: JSONArray"),
        ({"enum": [1, 3, 7]}, "7", 17, "#: 17 is not a valid enum value"),
        ({"pattern": r"^alias/\w+$"}, "alias/a", "a", "#: failed validation constraint for keyword [pattern]"),
        ({"pattern": r"^[\p{L}]+$"}, "é", "1", "#: failed validation constraint for keyword [pattern]"),
        ({"minimum": 128}, "128", 100, "#: failed validation constraint for keyword [minimum]"),
        ({"maxItems": 1}, [1], [1, 2], "#: failed validation constraint for keyword [maxItems]"),
        ({"uniqueItems": True}, [1, 2], [1, 1], "#: failed validation constraint for keyword [uniqueItems]"),
        ({"required": ["A"]}, {"A": 1}, {}, "#: required key [A] not found"),
        (
            {"properties": {"A": {}}, "additionalProperties": False},
            {"A": 1},
            {"B": 1},
            "#: extraneous key [B] is not permitted",
        ),
        ({"items": {"type": "object"}}, [{}], ["a"], "#/0: expected type: JSONObject, found: String"),
        (
            {"definitions": {"A": {"enum": ["a"]}}, "properties": {"A": {"$ref": "#/definitions/A"}}},
            {"A": "a"},
            {"A": "b"},
            "#/A: b is not a valid enum value",
        ),
        (
            {"requiredXor": ["A", "B"]},
            {"A": 1},
            {"A": 1, "B": 1},
            "#: exactly one of the keys [A, B] is required",
        ),
        (
            {"if": {"required": ["A"]}, "then": {"required": ["B"]}},
            {"C": 1},
            {"A": 1},
            "#: required key [B] not found",
        ),
        (
            {"oneOf": [{"required": ["A"]}, {"required": ["B"]}]},
            {"A": 1},
            {"A": 1, "B": 1},
            "#: #: 2 subschemas matched instead of one",
        ),
    ],
)
def test_each_keyword_accepts_and_refuses(schema: dict[str, Any], good: Any, bad: Any, words: str) -> None:
    assert faults(schema, good) == []
    assert words in faults(schema, bad)


def test_definition_may_refer_to_itself() -> None:
    schema = {
        "definitions": {"Node": {"properties": {"Next": {"$ref": "#/definitions/Node"}, "Value": {"type": "integer"}}}},
        "$ref": "#/definitions/Node",
    }
    assert faults(schema, {"Next": {"Next": {"Value": 1}}}) == []
    assert faults(schema, {"Next": {"Next": {"Value": "a"}}}) == [
        "#/Next/Next/Value: expected type: Integer, found: String"
    ]


def test_every_type_of_aws_can_be_compiled() -> None:
    """A keyword or a reference that cannot be read would break the first stack with such a resource."""
    for resource_type in sorted(resource_types(HOME_REGION))[::20]:
        schema = schema_of(resource_type)
        assert schema is not None
        list(compiled(schema.document)({}, "#"))
