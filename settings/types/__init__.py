"""Types of single values: regions, addresses, instance classes, image URIs."""
