"""The ports of one environment; security groups open no others."""

from typing import Final

HTTP: Final = 80
HTTPS: Final = 443
APPLICATION: Final = 8080
"""Where a task answers the load balancer, and the active task answers the others."""
PEER: Final = 8081
"""Where tasks ask each other who is active."""
POSTGRESQL: Final = 5432
REDIS: Final = 6379
