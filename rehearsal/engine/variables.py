"""Pipeline variables: `#{namespace.name}` in an action's configuration."""

import json
import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}")


class UnresolvedVariable(Exception):  # noqa: N818 - named as CodePipeline names the state
    """A configuration cannot be made of its references; the text says which one, or why."""


def resolve(text: str, namespaces: Mapping[str, Mapping[str, str]]) -> str:
    """Replace every reference in `text`.

    Values are put in as they are, as CodePipeline does: one with a quote or a line end breaks a text that is JSON, such
    as a build's environment variables, and a commit's message has those (aws-cdk#8458). Raises UnresolvedVariable
    naming the reference that has no value, or whose value breaks the text.
    """
    references: list[str] = []

    def value(reference: re.Match[str]) -> str:
        namespace, name = reference.groups()
        references.append(reference.group())
        try:
            return namespaces[namespace][name]
        except KeyError:
            raise UnresolvedVariable(f"variable {reference.group()} has no value at this point") from None

    resolved = _REFERENCE.sub(value, text)
    if references and _is_json(text) and not _is_json(resolved):
        raise UnresolvedVariable(
            f"the value of {' or '.join(references)} breaks the JSON it is put into; CodePipeline does not escape it"
        )
    return resolved


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return text.lstrip().startswith(("{", "["))
