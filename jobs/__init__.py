"""Programs that the pipeline's builds run, and the estimate of costs that the review uses."""
