"""What CloudFormation must be allowed in each account so that it can deploy an app's stacks, and no more.

Reads a cloud assembly and the data that cfn-lint ships, and nothing else: CloudFormation's provider schemas name the
permissions of each resource type, AWS's Service Authorization Reference the resources of each action. Imports nothing
of the project. `generate.py` is the way in; `coverage.py` needs the standard library only and compares what is needed
with what an account grants.
"""
