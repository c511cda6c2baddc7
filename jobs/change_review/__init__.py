"""Reviews what a release would change in one environment, before it is deployed, for the approver.

It reads a cloud assembly, the deployed templates and `delivery.toml`, and imports of the app only `jobs/cost/` and
`execution_policies/`.
"""
