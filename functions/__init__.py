"""What runs in AWS Lambda. Each folder is one function's code: it stands alone, on boto3 and Python's own library."""
