"""Pipeline variables: `#{namespace.name}` in an action's configuration."""

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}")


class UnresolvedVariable(Exception):  # noqa: N818 - named as CodePipeline names the state
    """A configuration refers to a variable no earlier action has set."""


def resolve(text: str, namespaces: Mapping[str, Mapping[str, str]]) -> str:
    """Replace every reference in `text`; raises UnresolvedVariable naming the one that has no value."""

    def value(reference: re.Match[str]) -> str:
        namespace, name = reference.groups()
        try:
            return namespaces[namespace][name]
        except KeyError:
            raise UnresolvedVariable(f"variable {reference.group()} has no value at this point") from None

    return _REFERENCE.sub(value, text)
