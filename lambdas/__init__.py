"""The code of every Lambda function: the pipeline's on events, the environments' once a day."""
