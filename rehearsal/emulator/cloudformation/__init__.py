"""What ministack's CloudFormation lacks: resource types, deletion rules, imports, outputs."""
