"""Watches the alarm over an environment for a while after a release has been tested. It stands alone, on boto3."""
