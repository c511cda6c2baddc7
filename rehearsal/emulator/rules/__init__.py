"""Requests that AWS refuses and ministack accepts: names in use, invalid properties, impossible updates.

`lifecycle.register()` applies the rules before every create, update and delete. Each rule raises `Refusal` with AWS's
message and error code, and names its source in its docstring.
"""
