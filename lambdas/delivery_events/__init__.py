"""Lambdas on the pipeline's events: the notifier and the recorder of releases."""
