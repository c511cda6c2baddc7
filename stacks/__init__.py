"""The stacks of one environment: one file per stack, each a part of the architecture."""
