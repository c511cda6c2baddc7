"""Pipeline variables: `#{namespace.name}` in an action's configuration."""

import json
import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}")


class UnresolvedVariable(Exception):  # noqa: N818 - named as CodePipeline names the state
    """A reference has no value, or its value breaks the configuration; the text says which and why."""


def resolve(text: str, namespaces: Mapping[str, Mapping[str, str]]) -> str:
    """Replace every reference in `text`.

    Like CodePipeline, it does not escape values: a quote or a newline, for example in a commit message, breaks JSON
    such as a build's environment variables (aws-cdk#8458). Raises UnresolvedVariable.
    """
    references: list[str] = []

    def value(reference: re.Match[str]) -> str:
        namespace, name = reference.groups()
        references.append(reference.group())
        try:
            return namespaces[namespace][name]
        except KeyError:
            raise UnresolvedVariable(f"variable {reference.group()} has no value yet") from None

    resolved = _REFERENCE.sub(value, text)
    if references and _is_json(text) and not _is_json(resolved):
        raise UnresolvedVariable(
            f"the value of {' or '.join(references)} breaks the JSON around it; CodePipeline does not escape values"
        )
    return resolved


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return text.lstrip().startswith(("{", "["))
