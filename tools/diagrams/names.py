"""Short names of stacks."""

from collections.abc import Sequence


def short_names(stacks: Sequence[str]) -> dict[str, str]:
    """Return each stack's name without the prefix common to all: `yawl-dev-network` becomes `network`."""
    split = [stack.split("-") for stack in stacks]
    common = 0
    while len(stacks) > 1 and all(len(words) > common + 1 and words[common] == split[0][common] for words in split):
        common += 1
    return {stack: "-".join(words[common:]) for stack, words in zip(stacks, split, strict=True)}
