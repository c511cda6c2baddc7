"""Programs that people run beside the pipeline."""
