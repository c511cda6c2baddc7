"""What the checks report, line by line, and the time that they take."""

import random
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from integration_tests import account, service_checks, stack_checks, task_checks
from integration_tests.account_variables import read_account_variables
from integration_tests.aws_call import wait_for
from integration_tests.distribution_checks import bucket_denies_reads
from integration_tests.engine import Engine
from integration_tests.engine_checks import engine_runs_a_process
from integration_tests.failure import CheckFailed, probe_failure
from integration_tests.http_checks import Call, calls_are_refused
from integration_tests.waiting import Deadline, ProbeResult
from tests.fake_clock import FakeClock
from tests.faulty_http_server import Behaviour, reset, respond
from tests.integration_faults.fake_engine import CREDENTIALS, ORIGIN, FakeEngine, says
from tests.unit.integration_tests.in_memory_client import InMemoryClient, fake_deadline, without_pauses

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DIGEST, OTHER_DIGEST = f"sha256:{'0a' * 32}", f"sha256:{'1b' * 32}"
RELEASED = "arn:aws:ecs:us-east-1:1:task-definition/yawl:7"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pauses(monkeypatch)


def client(**answers: Any) -> Any:
    """Return a client of AWS whose methods give these answers, and whose paginators give them as pages."""

    def answering(answer: Any) -> Any:
        def call(**_: Any) -> Any:
            return answer

        return call

    def get_paginator(name: str) -> Any:
        return SimpleNamespace(paginate=answering(answers[name]))

    return SimpleNamespace(get_paginator=get_paginator, **{name: answering(one) for name, one in answers.items()})


def report(failure: pytest.ExceptionInfo[CheckFailed]) -> list[str]:
    """Return the lines that the answers decide on: what was found, its details, and what to do next."""
    lines = str(failure.value).splitlines()
    return [line.strip() for line in lines[next(i for i, line in enumerate(lines) if line.startswith("  got")) :]]


def target(number: int, state: str, zone: str, **health: str) -> dict[str, Any]:
    return {
        "Target": {"Id": f"10.0.0.{number}", "Port": 8080, "AvailabilityZone": zone},
        "TargetHealth": {"State": state, **health},
    }


class TestAws:
    def test_targets(self) -> None:
        found = [
            target(1, "healthy", "a"),
            target(2, "unhealthy", "a", Reason="Target.Timeout", Description="Request timed out"),
            target(3, "draining", "b"),
            *(target(number, "draining", "b") for number in range(4, 10)),
        ]
        elbv2 = client(describe_target_health={"TargetHealthDescriptions": found})
        with pytest.raises(CheckFailed) as failure:
            service_checks.targets_are_healthy(
                elbv2, target_group_arn="arn", region="us-east-1", deadline=Deadline(seconds=0, clock=FakeClock())
            )
        fault = "1 of 2 targets healthy, all 2 targets are in one zone, a, 7 draining"
        assert report(failure) == [
            f"got       1 x {fault}",
            f"last    at    0.0 s  {fault}",
            "10.0.0.1:8080  a  healthy",
            "10.0.0.2:8080  a  unhealthy  Target.Timeout  Request timed out",
            *(f"10.0.0.{number}:8080  b  draining" for number in range(3, 9)),
            "next    aws elbv2 describe-target-health --region us-east-1 --target-group-arn arn",
        ]

    @pytest.mark.parametrize(
        ("zones", "healthy"), [(["a"], True), (["a", "a"], False), (["a", "b"], True), ([], False)]
    )
    def test_zones_of_targets(self, zones: list[str], healthy: bool) -> None:
        found = [target(number, "healthy", zone) for number, zone in enumerate(zones)]
        elbv2 = client(describe_target_health={"TargetHealthDescriptions": found})
        deadline = Deadline(seconds=0, clock=FakeClock())
        if healthy:
            service_checks.targets_are_healthy(elbv2, target_group_arn="arn", region="r", deadline=deadline)
        else:
            with pytest.raises(CheckFailed):
                service_checks.targets_are_healthy(elbv2, target_group_arn="arn", region="r", deadline=deadline)
        count = service_checks.count_healthy_targets(elbv2, target_group_arn="arn", region="r", deadline=deadline)
        assert count == len(zones)

    def test_service(self) -> None:
        service = {
            "status": "DRAINING",
            "runningCount": 1,
            "desiredCount": 2,
            "deployments": [
                {
                    "status": "PRIMARY",
                    "taskDefinition": "arn:task-definition/yawl:6",
                    "rolloutState": "FAILED",
                    "runningCount": 1,
                    "desiredCount": 2,
                    "failedTasks": 3,
                    "rolloutStateReason": "circuit breaker",
                },
                {"status": "ACTIVE", "taskDefinition": "arn:task-definition/yawl:5"},
            ],
            "events": [{"createdAt": AT, "message": f"event {number}"} for number in range(4)],
        }
        with pytest.raises(CheckFailed) as failure:
            service_checks.service_is_stable(
                client(describe_services={"services": [service]}),
                cluster="c",
                service="s",
                task_definition_arn=RELEASED,
                region="us-east-1",
                deadline=Deadline(seconds=0, clock=FakeClock()),
            )
        fault = (
            "the service is DRAINING; 1 of 2 tasks running; the primary deployment runs yawl:6; the rollout is FAILED"
        )
        assert report(failure)[:7] == [
            f"got       1 x {fault}",
            f"last    at    0.0 s  {fault}",
            "PRIMARY  yawl:6  FAILED  1 of 2 running  3 tasks failed  circuit breaker",
            "ACTIVE  yawl:5  0 of 0 running",
            *(f"2026-11-24 03:00:00+0000  event {number}" for number in range(3)),
        ]

    @pytest.mark.parametrize(
        ("running", "desired", "stable"), [(1, 1, True), (2, 2, True), (0, 0, False), (2, 1, False), (1, 2, False)]
    )
    def test_numbers_of_tasks(self, running: int, desired: int, stable: bool) -> None:
        primary = {"status": "PRIMARY", "taskDefinition": RELEASED, "rolloutState": "COMPLETED"}
        service = {"status": "ACTIVE", "runningCount": running, "desiredCount": desired, "deployments": [primary]}
        assert (service_checks._service_faults(service, RELEASED) == []) is stable

    def test_alarms(self) -> None:
        def alarm(number: int, state: str) -> dict[str, Any]:
            return {"AlarmName": f"a {number}", "StateValue": state, "StateUpdatedTimestamp": AT, "StateReason": "why"}

        first = [alarm(0, "OK"), *(alarm(number, "ALARM") for number in range(1, 9))]
        pages = [
            {"MetricAlarms": first, "CompositeAlarms": ()},
            {"MetricAlarms": (), "CompositeAlarms": [alarm(9, "ALARM"), alarm(10, "INSUFFICIENT_DATA")]},
        ]
        with pytest.raises(CheckFailed) as failure:
            service_checks.no_alarm_is_active(
                client(describe_alarms=pages),
                name_prefix="yawl-dev",
                region="us-east-1",
                deadline=Deadline(seconds=0, clock=FakeClock()),
            )
        console = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:alarm"
        assert report(failure) == [
            "got       1 x 9 of 11 alarms in ALARM",
            "last    at    0.0 s  9 of 11 alarms in ALARM",
            *(f"a {number}  since 2026-11-24 03:00:00+0000: why" for number in range(1, 9)),
            f"next    {console}/a%201",
            *(f"{console}/a%20{number}" for number in (2, 3)),
            "aws cloudwatch describe-alarms --region us-east-1 --alarm-name-prefix yawl-dev",
        ]

    def test_stacks(self) -> None:
        def describe_stacks(StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
            states = {"one": "UPDATE_COMPLETE", "two": "UPDATE_FAILED", "three": "ROLLBACK_COMPLETE"}
            reason = {"StackStatusReason": "why"} if StackName == "two" else {}
            return {"Stacks": [{"StackName": StackName, "StackStatus": states[StackName], **reason}]}

        def check(*names: str) -> None:
            stack_checks.stacks_are_complete(
                SimpleNamespace(describe_stacks=describe_stacks),
                names=names,
                region="us-east-1",
                deadline=Deadline(seconds=0, clock=FakeClock()),
            )

        check("one")
        with pytest.raises(CheckFailed) as failure:
            check("one", "two", "three")
        fault = "two is UPDATE_FAILED; three is ROLLBACK_COMPLETE"
        command = "aws cloudformation describe-stack-events --region us-east-1 --stack-name"
        assert report(failure) == [
            f"got       1 x {fault}",
            f"last    at    0.0 s  {fault}",
            "two: why",
            "three: no reason given",
            f"next    {command} two",
            f"{command} three",
            "aws cloudformation describe-stacks --region us-east-1",
        ]

    def test_tasks(self) -> None:
        def task(number: int, digest: str | None, *, status: str = "RUNNING", revision: int = 7) -> dict[str, Any]:
            containers = [{"name": "yawl", **({"imageDigest": digest} if digest else {})}]
            return {
                "taskArn": f"arn:aws:ecs:us-east-1:1:task/c/{number}",
                "lastStatus": status,
                "availabilityZone": "a",
                "taskDefinitionArn": f"arn:aws:ecs:us-east-1:1:task-definition/yawl:{revision}",
                "containers": containers,
            }

        def check(*tasks: dict[str, Any], image: str) -> str:
            ecs = client(
                describe_task_definition={
                    "taskDefinition": {"containerDefinitions": [{"name": "yawl", "image": image}]}
                },
                list_tasks=[{"taskArns": []}, {"taskArns": ["arn"]}],
                describe_tasks={"tasks": list(tasks)},
            )
            return task_checks.tasks_run_the_release(
                ecs,
                cluster="c",
                service="s",
                task_definition_arn=RELEASED,
                region="us-east-1",
                deadline=Deadline(seconds=0, clock=FakeClock()),
            )

        pinned, tagged = f"r/yawl@{DIGEST}", "host:5000/r/yawl:6.1"
        starting = task(3, OTHER_DIGEST, status="PENDING")
        two = task(1, DIGEST), task(2, DIGEST)
        assert check(*two, starting, image=pinned) == "yawl: 2 with the released digest sha256:0a0a0a0a0a0a"
        assert (
            check(*two, image=tagged) == "yawl: 2 with digest sha256:0a0a0a0a0a0a; the release names only the tag 6.1"
        )
        with pytest.raises(CheckFailed) as failure:
            check(task(1, DIGEST), task(2, OTHER_DIGEST, revision=6), image=pinned)
        assert report(failure)[0] == (
            "got       1 x 1 of 2 tasks use another task definition: yawl:6; "
            "1 of 2 tasks run another image of yawl than sha256:0a0a0a0a0a0a"
        )
        assert report(failure)[2:4] == [
            "1  a  yawl:7  yawl sha256:0a0a0a0a0a0a",
            "2  a  yawl:6  yawl sha256:1b1b1b1b1b1b",
        ]
        for tasks, fault in (
            ((), "no task is running; no task has the container yawl"),
            ((task(1, DIGEST), task(2, None)), "1 of 2 tasks do not report the image digest of yawl"),
            ((task(1, DIGEST), task(2, OTHER_DIGEST)), "tasks run 2 different images of yawl"),
        ):
            with pytest.raises(CheckFailed) as failure:
                check(*tasks, image=tagged)
            assert report(failure)[0] == f"got       1 x {fault}"


class TestSignIn:
    @pytest.mark.parametrize(
        ("url", "loopback"),
        [
            ("http://127.0.0.1:4566", True),
            ("http://[::1]:4566", True),
            ("http://localhost:4566", True),
            ("http://aws.localhost", True),
            ("http://10.0.0.1", False),
            ("http://localhost.example.com", False),
            ("http://notlocalhost", False),
        ],
    )
    def test_proxy_is_left_out_on_this_machine_only(self, url: str, loopback: bool) -> None:
        assert account._is_loopback(url) is loopback
        assert account._client_config(url, attempts=1).proxies == ({} if loopback else None)  # type: ignore[attr-defined]
        assert account._client_config(None, attempts=1).proxies is None  # type: ignore[attr-defined]

    def test_limits_of_calls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[tuple[str, Any]] = []

        class Session:
            region_name = "us-east-1"

            def __init__(self, **_: Any) -> None:
                """Take any credentials."""

            def get_credentials(self) -> object:
                return object()

            def client(self, service: str, *, config: Any) -> Any:
                made.append((service, (config.connect_timeout, config.read_timeout, config.retries)))
                credentials = {"AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t"}

                def assume_role(**given: Any) -> Any:
                    names.append(given["RoleSessionName"])
                    return {"Credentials": credentials}

                return SimpleNamespace(assume_role=assume_role)

        names: list[str] = []
        monkeypatch.setattr(account.boto3, "Session", Session)
        variables: Any = SimpleNamespace(region="us-east-1", integration_test_role_arn="arn:role", endpoint_url=None)
        account.sign_in(variables, environment="é " + "x" * 80, deadline=fake_deadline())
        assert names == [("integration-tests---" + "x" * 80)[:64]]
        once, thrice = ({"mode": "adaptive", "total_max_attempts": attempts} for attempts in (1, 3))
        assert made[0] == ("sts", (3, 4, once))
        assert {limits[1][2]["total_max_attempts"] for limits in made[1:]} == {3}
        assert made[1][1] == (3, 4, thrice)


class TestPauses:
    @pytest.fixture(autouse=True)
    def jitter(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
        """The limits of the jitter; pauses are the longest that these allow."""
        asked: list[tuple[float, float]] = []

        def uniform(least: float, most: float) -> float:
            asked.append((least, most))
            return most

        monkeypatch.setattr(random, "uniform", uniform)
        return asked

    def poll(self, *faults: str | None, seconds: float, consecutive: int = 1) -> tuple[list[float], Any]:
        """Return the pauses between probes with these faults, and the history."""
        clock, results, pauses = FakeClock(), iter(faults), list[float]()
        sleep = clock.sleep

        def noted(pause: float) -> None:
            pauses.append(round(pause, 3))
            sleep(pause)

        clock.sleep = noted  # type: ignore[method-assign]
        deadline = Deadline(seconds=seconds, clock=clock)

        def probe() -> ProbeResult:
            return ProbeResult(fault=next(results, None), text="x")

        history = deadline.poll(probe, consecutive=consecutive, allowed_breaks=1)
        return pauses, history

    def test_pauses_grow_to_five_seconds(self, jitter: list[tuple[float, float]]) -> None:
        pauses, history = self.poll(*["bad"] * 6, seconds=60)
        assert pauses == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
        assert set(jitter) == {(0.5, 1.0)}
        assert (history.reached, history.probes, history.seconds) == (True, 7, 17.5)

    def test_pauses_end_at_the_deadline(self) -> None:
        pauses, history = self.poll(*["bad"] * 20, seconds=4)
        assert pauses == [0.5, 1.0, 2.0, 0.5]
        assert (history.reached, history.probes) == (False, 5)
        assert [at for at, _ in history.last] == [0.5, 1.5, 3.5, 4.0]

    def test_pauses_in_a_streak_are_short_and_start_again_after_it(self) -> None:
        pauses, history = self.poll("bad", "bad", None, "lost", None, None, seconds=60, consecutive=2)
        assert pauses == [0.5, 1.0, 0.1, 0.5, 0.1]
        assert (history.reached, history.longest_streak, history.streak) == (True, 2, 2)

    def test_streak_may_end_after_the_deadline(self) -> None:
        pauses, history = self.poll(seconds=0.15, consecutive=4)
        assert pauses == [0.1, 0.1, 0.1]
        assert history.reached

    def test_time_of_a_probe(self) -> None:
        clock = FakeClock()
        deadline = Deadline(seconds=5, clock=clock)
        assert (deadline.probe_timeout(10.0), deadline.probe_timeout(2.0)) == (5.0, 2.0)
        clock.sleep(4.5)
        assert (deadline.remaining(), deadline.probe_timeout(10.0)) == (0.5, 1.0)
        assert deadline.probe_timeout(0.2) == 0.2
        clock.sleep(1)
        assert (deadline.remaining(), deadline.probe_timeout(10.0)) == (0.0, 1.0)
        assert [deadline.capped(seconds).remaining() for seconds in (3, 8)] == [3, 5]

    def test_capped_deadline_pauses_as_its_whole(self) -> None:
        whole = Deadline(seconds=5, first_pause=1, longest_pause=2, pause_in_streak=3, clock=FakeClock())
        part = whole.capped(3)
        for name in ("_first_pause", "_longest_pause", "_pause_in_streak", "_clock"):
            assert getattr(part, name) == getattr(whole, name)


class TestFirstAndLast:
    """After a fault that went away, and before one that stays, the last result counts."""

    def test_text_of_a_state_that_was_waited_for(self) -> None:
        results = iter([ProbeResult(fault="bad", text="bad"), ProbeResult(fault=None, text="good")])
        deadline = fake_deadline()
        found = wait_for(lambda: next(results), title="t", asked="a", wanted="w", deadline=deadline, next_steps=["n"])
        assert found == "good"

    @pytest.mark.parametrize(
        ("later", "title"),
        [
            (respond(200), "open: GET /closed."),
            (reset(), "https://yawl.example did not respond to GET /closed within the deadline of 5 s."),
        ],
    )
    def test_lost_connection_before_an_open_path(self, later: Behaviour, title: str) -> None:
        answers = iter([reset(), reset()])
        client = InMemoryClient(lambda _: next(answers, later))
        with pytest.raises(CheckFailed) as failure:
            calls_are_refused(
                client,
                [Call("GET", "/closed")],
                deadline=fake_deadline(5.0),
                title="open: {}".format,
                asked="by anybody",
            )
        assert str(failure.value).splitlines()[0] == title

    def test_lost_connection_before_a_fault_of_the_distribution(self) -> None:
        answers = iter([reset()])
        client = InMemoryClient(lambda _: next(answers, respond(200)))
        with pytest.raises(CheckFailed) as failure:
            bucket_denies_reads(client, path="/a", deadline=fake_deadline(5.0))
        assert str(failure.value).startswith("The bucket of static content is public")

    def test_report_shows_the_details_of_the_last_result(self) -> None:
        results = iter([ProbeResult(fault="bad", text="first", details=("early",), next_steps=("one",))])
        last = ProbeResult(fault="bad", text="last", details=("late",), next_steps=("two",), final=True)
        history = fake_deadline().poll(lambda: next(results, last))
        failure = probe_failure(title="t", asked="a", wanted="w", history=history, next_steps=["three"])
        lines = [line.strip() for line in str(failure).splitlines()]
        assert lines[-5:] == ["last    at    0.0 s  first", lines[-4], "late", "next    two", "three"]
        assert re.fullmatch(r"at +0\.\d s  last", lines[-4])


class TestWhatIsLeft:
    """The engine keeps a case or a specification: whether it is named depends on what the engine still lists."""

    def left(self, refused: Mapping[str, Behaviour], *, keeps: bool) -> str:
        """Run the process against an engine that refuses these calls; return what the report says is left."""
        fake = FakeEngine(tasks=1, refusing={"launchCase": "no"})

        def application(request: Any) -> Behaviour:
            action = request.form.get("action", "")
            if action == "getAllRunningCases" and keeps:
                [identifier] = fake.states[0].specifications
                fake.states[0].cases["7"] = identifier
            return refused.get(action) or fake(request)

        with pytest.raises(CheckFailed) as failure:
            engine_runs_a_process(
                Engine(InMemoryClient(application, headers=ORIGIN)),
                CREDENTIALS,
                deadline=fake_deadline(),
                next_steps="logs",
            )
        return next(self.lines(str(failure.value)), "")

    def lines(self, text: str) -> Iterator[str]:
        return (line.partition("left")[2].strip() for line in text.splitlines() if line.startswith("  left"))

    def test_nothing(self) -> None:
        assert self.left({}, keeps=False) == ""
        assert self.left({}, keeps=True) == ""

    def test_case_that_cannot_be_cancelled(self) -> None:
        locked = says("<failure>locked</failure>")
        found = self.left({"cancelCase": locked, "unload": says("<success/>")}, keeps=True)
        assert found.startswith("specification UID_yawl-delivery-")
        assert "; case 7; its cases are still running; the next run of these tests after an hour removes it" in found

    def test_specification_that_cannot_be_unloaded(self) -> None:
        found = self.left({"unload": says("<failure>locked</failure>")}, keeps=False)
        assert "; the engine reports: locked; the next run of these tests after an hour removes it" in found
        assert "case" not in found

    def test_engine_that_lists_nothing_has_nothing_left(self) -> None:
        refused = {"unload": says("<failure>locked</failure>"), "getSpecificationPrototypesList": says("")}
        assert self.left(refused, keeps=False) == ""

    def test_engine_that_does_not_list_may_have_something_left(self) -> None:
        failure = says("<failure>locked</failure>")
        refused = {"unload": failure, "getSpecificationPrototypesList": failure}
        assert "the engine reports: locked" in self.left(refused, keeps=False)


ARN = "arn:aws:{}:us-east-1:222222222222:{}"
ACCOUNT = {
    "ENVIRONMENT_REGION": "us-east-1",
    "CLUSTER_NAME": "c",
    "SERVICE_NAME": "s",
    "TARGET_GROUP_ARN": ARN.format("elasticloadbalancing", "targetgroup/t/1"),
    "TASK_DEFINITION_ARN": ARN.format("ecs", "task-definition/yawl:7"),
    "ALARM_NAME_PREFIX": "yawl-dev",
    "STACK_NAMES": "yawl-dev-network,yawl-dev-storage",
    "DATABASE_ID": "d",
    "DATABASE_MULTI_AZ": "true",
    "DATABASE_BACKUP_DAYS": "7",
    "DATABASE_DELETION_PROTECTION": "false",
    "PASSWORD_ROTATION_DAYS": "30",
    "CACHE_ID": "r",
    "CACHE_MULTI_AZ": "true",
    "CACHE_NODES": "2",
    "CACHE_SNAPSHOT_DAYS": "0",
}


class TestAccountVariables:
    def test_values(self) -> None:
        found, mistakes = read_account_variables(ACCOUNT)
        assert mistakes == []
        assert (found.database_multi_az, found.database_deletion_protection) == (True, False)
        assert (found.stack_names, found.cache_snapshot_days) == (("yawl-dev-network", "yawl-dev-storage"), 0)
        assert (found.origin_secret_arn, found.integration_test_role_arn, found.endpoint_url) == (None, None, None)

    def test_all_missing_variables_are_named(self) -> None:
        assert [mistake.partition(" ")[0] for mistake in read_account_variables({})[1]] == list(ACCOUNT)

    @pytest.mark.parametrize("name", ["TARGET_GROUP_ARN", "TASK_DEFINITION_ARN"])
    def test_resource_of_another_region(self, name: str) -> None:
        elsewhere = ACCOUNT[name].replace("us-east-1", "us-west-2")
        [mistake] = read_account_variables({**ACCOUNT, name: elsewhere})[1]
        assert mistake.startswith(name)
        assert "is not in ENVIRONMENT_REGION, us-east-1" in mistake

    @pytest.mark.parametrize(
        ("name", "value", "taken"),
        [
            ("CLUSTER_NAME", "c" * 255, True),
            ("CLUSTER_NAME", "c" * 256, False),
            ("DATABASE_ID", "d" * 63, True),
            ("DATABASE_ID", "d" * 64, False),
            ("CACHE_ID", "c" * 40, True),
            ("CACHE_ID", "c" * 41, False),
            ("CACHE_NODES", "-1", False),
            ("CACHE_NODES", "two", False),
            ("CACHE_MULTI_AZ", "yes", False),
            ("STACK_NAMES", "one,", False),
            ("TASK_DEFINITION_ARN", ARN.format("ecs", "task-definition/yawl"), False),
            ("ENVIRONMENT_REGION", "Virginia", False),
            ("ORIGIN_SECRET_ARN", ARN.format("secretsmanager", "secret:a"), True),
            ("ORIGIN_SECRET_ARN", ARN.format("ssm", "secret:a"), False),
            ("AWS_ENDPOINT_URL", "http://localhost:4566", True),
            ("AWS_ENDPOINT_URL", "localhost:4566", False),
        ],
    )
    def test_limits(self, name: str, value: str, taken: bool) -> None:
        mistakes = read_account_variables({**ACCOUNT, name: value})[1]
        assert [mistake.partition(" ")[0] for mistake in mistakes] == ([] if taken else [name])
