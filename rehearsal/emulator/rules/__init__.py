"""What AWS refuses and ministack accepts: names in use, invalid properties, impossible updates.

`lifecycle.register()` puts the rules in front of every create, update and delete handler at once. Each rule raises
`Refusal` with the words and the error code of AWS, and names its source in its docstring.
"""
