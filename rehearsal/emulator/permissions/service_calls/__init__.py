"""What AWS's services do on our behalf: one table of their calls, evaluated against the policies of stacks.

No request of ours makes these calls, so a rehearsal would never see them refused: creating a resource's encrypted
parts, delivering logs, replicating, backing up, notifying. `table` has the form, `creation`, `data`, `delivery`,
`events`, `library`, `logs` and `tasks` the rows; `synthesized` resolves templates, `account_policies` decides.
"""

from rehearsal.emulator.permissions.service_calls import creation, data, delivery, events, library, logs, tasks

AREAS = (creation, logs, data, tasks, events, delivery, library)
"""The modules whose import fills the table."""
