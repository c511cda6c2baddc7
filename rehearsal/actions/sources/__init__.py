"""Source actions, one file for each provider, with the output variables that CodePipeline documents for it."""
