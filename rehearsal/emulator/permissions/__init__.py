"""IAM for the emulated AWS: decides about every call as AWS's policy evaluation does.

Without an emulator: `policy` (documents, AWS managed ones too), `conditions` (operators and keys), `evaluation` (the
decision and its message), `action_reference` (AWS's table of actions and resource types).
In the emulator: `principals` (a caller's policies), `resource_policies`, `requests` (what a request asks for),
`enforcement` (the check of every call, and `check` for calls that no request makes), `recorder` (what was evaluated).
"""
