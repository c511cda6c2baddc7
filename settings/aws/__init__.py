"""What AWS offers where: regions, services, instance classes, versions. `make aws-data` refreshes it."""
