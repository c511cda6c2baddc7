"""Lambda functions: each file is a whole function, imports no project code, and is inlined in its template."""
