"""What is used while the image is built, and is no part of it."""
