"""Actions that call one service of the emulated AWS with their role: Lambda, Step Functions, S3 and ECS."""
