"""What environments cost a month, estimated from synthesized templates and a price file.

It stands alone: it reads a cloud assembly, or templates it is given, and imports nothing of the app.
"""
