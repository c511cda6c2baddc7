"""Pipeline variables: `#{namespace.name}` in an action's configuration."""

import json
import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}")


class UnresolvedVariable(Exception):  # noqa: N818 - named as CodePipeline names the state
    """A configuration refers to a variable no earlier action has set."""


def resolve(text: str, namespaces: Mapping[str, Mapping[str, str]]) -> str:
    """Replace every reference in `text`; raises UnresolvedVariable naming the one that has no value.

    In a text that is JSON, such as a build's environment variables, values stay inside the strings they are put into,
    whatever quotes and line ends a commit message has.
    """
    inside_json = _is_json(text)

    def value(reference: re.Match[str]) -> str:
        namespace, name = reference.groups()
        try:
            found = namespaces[namespace][name]
        except KeyError:
            raise UnresolvedVariable(f"variable {reference.group()} has no value at this point") from None
        return json.dumps(found)[1:-1] if inside_json else found

    return _REFERENCE.sub(value, text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return text.lstrip().startswith(("{", "["))
