"""`make rollback` and `make hotfix`: what an on-call engineer starts in the deployed pipeline."""
