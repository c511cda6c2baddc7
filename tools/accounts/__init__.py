"""What people do to real accounts by hand: look before the first push, take an environment down.

It reads the cloud assembly, so it speaks of what would really be deployed, and stands alone on boto3.
"""
