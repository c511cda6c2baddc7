"""The ports of one environment; security groups open no others."""

from typing import Final

HTTP: Final = 80
HTTPS: Final = 443
APPLICATION: Final = 8080
"""Where a task answers the load balancer."""
TASKS: Final = 8081
"""Where the active task answers the others, which hand their requests to it."""
POSTGRESQL: Final = 5432
REDIS: Final = 6379
