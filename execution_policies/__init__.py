"""What CloudFormation must be allowed in each account so that it can deploy an app's stacks, and no more.

The input is a cloud assembly and the data that cfn-lint ships: CloudFormation's provider schemas list the permissions
that each resource type needs, and AWS's Service Authorization Reference lists the resources that each action can be
limited to. Start at `generate.py`. `coverage.py` compares needed with granted permissions.
"""
