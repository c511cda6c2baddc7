"""Monthly cost of environments, estimated from synthesized templates and a price file.

It reads a cloud assembly or templates and imports no other package of the app.
"""
