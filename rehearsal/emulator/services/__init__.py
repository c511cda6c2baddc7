"""Additions to ministack's services, one file per service."""
