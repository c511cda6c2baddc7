"""Monthly cost of environments, estimated from synthesized templates and a price file.

It reads a cloud assembly or templates and imports no other package of the app.
"""

from cloud_assembly import UserError


class CostError(UserError):
    """No estimate can be made; the text says what is wrong, where, and what to do."""
