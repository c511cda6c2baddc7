"""Runs a pipeline's definition as CodePipeline does, on the emulated AWS that it prepares."""
