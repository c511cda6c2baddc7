"""The errors that are shown to a user.

Their text says what happened, where, and what to do. A command prints it without a traceback and exits with 2.

    UserError
    ├── AssemblyError     cloud_assembly          a cloud assembly cannot be used
    ├── SettingsFileError cloud_assembly          delivery.toml cannot be read
    ├── PolicyError       execution_policies      the policies cannot be generated
    ├── CostError         jobs.cost               something has no price, or the estimate has no figure
    ├── OperationError    tools.accounts          an operation on an account cannot be done
    └── RehearsalError    rehearsal               the rehearsal cannot start

The change review, the diagrams and the permissions report raise UserError itself.
"""


class UserError(Exception):
    """A command cannot do what it was asked to do."""


class AssemblyError(UserError):
    """A cloud assembly is missing, cannot be read, or is not one of this project."""
