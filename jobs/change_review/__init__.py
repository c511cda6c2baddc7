"""What a release changes in one environment: read before anything is touched, judged, and shown to the approver.

It stands alone: it reads a cloud assembly, the deployed templates and `delivery.toml`, and imports nothing of the app;
what templates cost it asks `jobs/cost/`, which stands alone beside it.
"""
