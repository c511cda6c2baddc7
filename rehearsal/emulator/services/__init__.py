"""What ministack's services lack, one file per service."""
