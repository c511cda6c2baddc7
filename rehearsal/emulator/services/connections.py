"""CodeConnections, which ministack lacks: a new connection is pending until its handshake in the console.

There is no console here: a connection whose name begins with `agreed` is available immediately.
"""

import json
from typing import Any
from uuid import uuid4

from rehearsal.emulator.internals import here, responses
from rehearsal.errors import NOT_EMULATED

TARGETS = ("com.amazonaws.codeconnections.CodeConnections_20231201.", "CodeConnections_20231201.")
AGREED = "agreed"

_connections: Any = responses.AccountRegionScopedDict()


def answer(action: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Answer one call of the API as (status, JSON)."""
    request = json.loads(body or b"{}")
    account, region = here()
    if action == "CreateConnection":
        name = request["ConnectionName"]
        arn = f"arn:aws:codeconnections:{region}:{account}:connection/{uuid4()}"
        _connections[arn] = {
            "ConnectionArn": arn,
            "ConnectionName": name,
            "ProviderType": request.get("ProviderType", "GitHub"),
            "OwnerAccountId": account,
            "ConnectionStatus": "AVAILABLE" if name.startswith(AGREED) else "PENDING",
        }
        return 200, {"ConnectionArn": arn}
    if action == "GetConnection":
        found = _connections.get(request.get("ConnectionArn"))
        if found is None:
            return 400, {"__type": "ResourceNotFoundException", "message": "The connection does not exist"}
        return 200, {"Connection": found}
    return 400, {"__type": "InvalidActionException", "message": f"{NOT_EMULATED}: {action}"}
