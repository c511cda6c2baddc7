"""What runs after each deployment, against the environment that its variables name; stands alone."""
