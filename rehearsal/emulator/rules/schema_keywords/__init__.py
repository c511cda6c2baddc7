"""The keywords of resource schemas, each compiled into a function that checks a value."""
