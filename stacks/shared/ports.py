"""The ports of one environment; security groups open no others."""

from typing import Final

HTTP: Final = 80
HTTPS: Final = 443
APPLICATION: Final = 8080
"""For the load balancer's requests to tasks."""
TASKS: Final = 8081
"""For requests that standby tasks forward to the active task."""
POSTGRESQL: Final = 5432
REDIS: Final = 6379
