"""Calls that AWS services make on our behalf: a table, evaluated against the policies of stacks.

No request makes these calls here, so a rehearsal would not see them refused: encrypting a resource, delivering logs,
replicating, backing up, notifying. `table` defines the rows; `creation`, `data`, `delivery`, `events`, `library`,
`logs` and `tasks` contain them; `synthesized` resolves templates, and `account_policies` decides.
"""

from rehearsal.emulator.permissions.service_calls import creation, data, delivery, events, library, logs, tasks

AREAS = (creation, logs, data, tasks, events, delivery, library)
"""The modules whose import fills the table."""
