"""Reads a region's prices from AWS Price List into jobs/cost/prices/, for the cost estimate."""
