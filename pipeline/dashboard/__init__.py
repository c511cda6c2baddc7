"""The pipeline's dashboard, a file for each section."""
