"""Draws the dashboards of a synthesized app as CloudWatch lays them out, with sample data in place of measurements."""
