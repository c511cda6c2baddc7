"""Functions run with the interpreter of their runtime; what cannot run here is a gap, never an answer."""

import json
import time
from dataclasses import asdict
from typing import Any

import pytest

from rehearsal.errors import NOT_EMULATED
from rehearsal.gaps import Gap, GapKind
from rehearsal.process.lambda_runtimes import interpreter
from tests.rehearsal.emulator.action_runner import powerful_role
from tests.rehearsal.emulator.aws.test_lambda_modules import invoke, zipped
from tests.rehearsal.emulator.conftest import Account

PYTHON = "import sys\ndef handler(event, context): return 'Python ' + sys.version.split()[0]\n"
NODE = "exports.handler = async () => `Node ${process.versions.node}`;"
RUNTIMES = ["python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "nodejs20.x", "nodejs24.x"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_function_runs_with_its_runtime_or_a_difference_is_reported(account: Account, runtime: str) -> None:
    code = zipped(index__py=PYTHON) if runtime.startswith("python") else zipped(index__js=NODE)
    answer = invoke(account, code, runtime, {})
    expected = interpreter(runtime)
    assert expected
    assert answer == expected.version
    reported = f"{runtime} ran with {expected.version}" in account.cloud.fact("functions")["differences"]
    assert reported != expected.is_wanted


def java(account: Account, **settings: Any) -> str:
    created = account.client("lambda").create_function(
        FunctionName="compiled",
        Runtime="java21",
        Role=powerful_role(account, "function"),
        Handler="Handler::run",
        Code={"ZipFile": zipped(Handler__class="")},
        **settings,
    )
    return created["FunctionArn"]


def gaps(account: Account) -> list[dict[str, str]]:
    return [gap for gap in account.cloud.fact("unserved")["gaps"] if gap["where"].endswith(str(account.place))]


def test_called_function_that_cannot_run_is_a_gap(account: Account) -> None:
    java(account)
    assert gaps(account) == [], "nothing has called it"
    before = account.cloud.fact("unserved")["requests"]
    answer = account.client("lambda").invoke(FunctionName="compiled", Payload=b"{}")
    needs = "the runtime java21, which the rehearsal does not run"
    assert json.load(answer["Payload"])["errorMessage"] == f"{NOT_EMULATED}: the function compiled needs {needs}"
    where = f"function compiled in {account.place}"
    assert gaps(account) == [asdict(Gap(GapKind.RUNTIME, where, f"it needs {needs}"))]
    [request] = account.cloud.fact("unserved")["requests"][len(before) :]
    reason = f"the function compiled was called, which needs {needs}"
    assert request == {"kind": GapKind.RUNTIME, "reason": reason, "client": "127.0.0.1"}


def test_event_for_a_function_that_cannot_run_is_a_gap_and_no_failure(account: Account) -> None:
    arn, events, state = java(account), account.client("events"), account.cloud.fact
    before = state("functions")["failures"], state("unserved")["requests"]
    events.put_rule(Name="any", EventPattern='{"source": ["mine"]}')
    events.put_targets(Rule="any", Targets=[{"Id": "1", "Arn": arn}])
    account.client("lambda").add_permission(
        FunctionName="compiled", StatementId="any", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    events.put_events(Entries=[{"Source": "mine", "DetailType": "any", "Detail": "{}"}])
    deadline = time.monotonic() + 30
    while not gaps(account) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [gap["kind"] for gap in gaps(account)] == [GapKind.RUNTIME]
    while not state("functions")["idle"]:
        time.sleep(0.05)
    assert (state("functions")["failures"], state("unserved")["requests"]) == before
