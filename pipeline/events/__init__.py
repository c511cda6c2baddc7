"""What the pipeline does on CodePipeline's events: mails, metrics, release records."""
