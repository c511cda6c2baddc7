"""Watches an environment's composite alarm for a while after the integration tests. Depends only on boto3."""
