"""The roles with which the pipeline's functions read the environments that it has deployed."""

import json
from collections.abc import Iterable

from stacks.network.delivery_reader_role import READER_ROLE
from stages.yawl_stage import YawlStage


class Readers:
    """The delivery reader roles of the environments, of each further region as well."""

    def __init__(self, stages: Iterable[YawlStage]) -> None:
        accounts = {stage.name: stage.settings.account for stage in stages}
        self.roles = [READER_ROLE.format(account=account, environment=name) for name, account in accounts.items()]
        """Their ARNs."""
        self.variables = {"READER_ROLE": READER_ROLE, "READABLE_ENVIRONMENTS": json.dumps(list(accounts))}
        """What a function needs to find the role for a stack."""
