"""`make rollback` in an emulated account: which release it returns to, how, what it says first, and what it refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.emulator.action_runner import powerful_role
from tests.rehearsal.emulator.conftest import Account
from tests.rehearsal.emulator.programs.deployed_pipeline import STACK, PipelineSite, answering
from tests.rehearsal.emulator.programs.test_destroy import reach
from tools.delivery.__main__ import main
from tools.delivery.pipeline import DeployedPipeline

Output = pytest.CaptureFixture[str]


@pytest.fixture
def site(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PipelineSite:
    reach(monkeypatch, account.cloud, account.place.account)
    site = PipelineSite(account, tmp_path / "cdk.out")
    # The review reads delivery.toml here, and writes its report.
    monkeypatch.syspath_prepend(str(Path.cwd()))
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    monkeypatch.setenv("NODE_PATH", str(Path.cwd() / "node_modules"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "delivery.toml").write_text("[environments.test]\naccount = '1'\n")
    return site


def roll_back(site: PipelineSite, *arguments: str, environment: str = "test") -> int:
    return main(["--assembly", str(site.assembly), "rollback", environment, *arguments])


def test_it_returns_to_the_last_good_release_and_says_first_what_stays(site: PipelineSite, capsys: Output) -> None:
    good = site.run("a")
    site.run("b")
    assert roll_back(site, "--yes") == 0
    [started] = site.started()
    assert (started["kind"], started["stage"], started["target"]) == ("rollback", "Test", good)
    printed = capsys.readouterr().out
    order = ("not undone", "  data", "  schema", "  resources", "  versions", "from", "to", "undoes", "how", "started:")
    positions = [printed.index(f"  {word}  " if len(word) < 7 else word) for word in order]
    assert positions == sorted(positions)
    assert f"from     {'b' * 12} “Change b”\n" in printed
    assert f"to       {'a' * 12} “Change a”, released 2026-11-01 10:00 UTC, approved by grace" in printed
    assert f"executions/{started['execution']}/timeline" in printed
    review = site.account.client("s3").get_object(
        Bucket=site.records, Key=f"change-reviews/test/{started['execution']}.html"
    )
    assert b"nothing changes" in review["Body"].read()


def b_failed(site: PipelineSite) -> None:
    site.run("a")
    site.run("b", state="FAILED")


def rolled_back_before(site: PipelineSite) -> None:
    for commit in "abc":
        site.run(commit)
    site.run("b", execution="again")


def not_recorded_yet(site: PipelineSite) -> None:
    site.run("a")
    site.run("b", recorded=False)


def released_twice(site: PipelineSite) -> None:
    site.run("a")
    site.run("a", execution="retried")


GOOD: list[tuple[Callable[[PipelineSite], None], str]] = [
    (b_failed, "a-SUCCEEDED"),
    (rolled_back_before, "a-SUCCEEDED"),
    (not_recorded_yet, "a-SUCCEEDED"),
]


@pytest.mark.parametrize(("past", "target"), GOOD, ids=[row[0].__name__ for row in GOOD])
def test_which_release_is_good(past: Callable[[PipelineSite], None], target: str, site: PipelineSite) -> None:
    past(site)
    assert roll_back(site, "--yes") == 0
    assert [one["target"] for one in site.started()] == [target]


def test_another_good_release_can_be_named(site: PipelineSite) -> None:
    for commit in "abc":
        site.run(commit)
    assert roll_back(site, "--yes", "--to", "aaaa") == 0
    assert [one["target"] for one in site.started()] == ["a-SUCCEEDED"]


def test_without_confirmation_nothing_is_started(
    site: PipelineSite, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    site.run("a")
    site.run("b")
    for answer in ("", "yes", "prod"):
        monkeypatch.setattr("builtins.input", answering(answer))
        assert roll_back(site) == 3
    assert site.started() == []
    assert "nothing was started" in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", answering("test"))
    assert roll_back(site) == 0
    assert len(site.started()) == 1


def test_release_whose_artifacts_have_expired_runs_again(site: PipelineSite, capsys: Output) -> None:
    site.run("a", kept=False)
    site.run("b")
    assert roll_back(site, "--yes") == 0
    [started] = site.started()
    assert (started["kind"], started["commit"], started["variables"]) == ("start", "a" * 40, {"HOTFIX": "yes"})
    assert "with the review and approval of test" in capsys.readouterr().out


def test_pipeline_that_changed_and_changed_back_runs_it_again(site: PipelineSite) -> None:
    site.run("a")
    site.deploy("Other")
    site.deploy("Bake")
    site.run("b")
    assert roll_back(site, "--yes") == 0
    assert [one["kind"] for one in site.started()] == ["start"]


def busy(site: PipelineSite) -> None:
    site.run("a")
    site.run("b", state="STARTED")


def pipeline_changed(site: PipelineSite) -> None:
    site.run("a")
    site.deploy("Other")
    site.run("b")


def one_release(site: PipelineSite) -> None:
    site.run("a")


def loses_a_secret(site: PipelineSite) -> None:
    site.run("a")
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"Description": "new since"}}
    deployed = Account(site.cloud, site.account.place, STACK)
    deployed._resources = {"Topic": {}}
    deployed.deploy(Topic={"Type": "AWS::SNS::Topic"}, Secret=secret)
    site.run("b")


def none(_: PipelineSite) -> None:
    pass


CANNOT: list[tuple[Callable[[PipelineSite], None], tuple[str, ...], str]] = [
    (none, (), "there is nothing to roll back to"),
    (one_release, (), "there is nothing to roll back to"),
    (released_twice, (), "there is nothing to roll back to"),
    (one_release, ("--to", "ffff"), "--to ffff: no good release on record has this commit; on record: aaaaaaaaaaaa"),
    (one_release, ("--to", "aaaa"), "test already runs aaaaaaaaaaaa “Change a”"),
    (busy, (), "execution b-STARTED is still in Test (Bake). Wait for its end, or stop it:\n  aws codepipeline stop-"),
    (
        pipeline_changed,
        (),
        "Push a revert, which is reviewed and tested like any commit:\n  git diff --quiet HEAD && git restore "
        "--source=aaaa",
    ),
    (loses_a_secret, (), "rollback: the review stops it. If the loss is acceptable, accept it in delivery.toml"),
]


@pytest.mark.parametrize(("past", "arguments", "output"), CANNOT, ids=[f"{row[0].__name__} {row[1]}" for row in CANNOT])
def test_what_cannot_be_rolled_back_is_said(
    past: Callable[[PipelineSite], None], arguments: tuple[str, ...], output: str, site: PipelineSite, capsys: Output
) -> None:
    past(site)
    assert roll_back(site, "--yes", *arguments) == 1
    assert output in capsys.readouterr().err
    assert site.started() == []


def test_mistake_is_bad_input(site: PipelineSite, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    assert roll_back(site, environment="tset") == 2
    assert "rollback: there is no environment tset; delivery.toml has test" in capsys.readouterr().err
    assert main(["--assembly", "nowhere", "rollback", "test"]) == 2
    assert "synthesize first" in capsys.readouterr().err
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "999999999999")
    assert roll_back(site) == 2
    assert "the credentials are of 999999999999; set AWS_PROFILE to a profile of" in capsys.readouterr().err
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert roll_back(site) == 2
    assert "no AWS credentials were found" in capsys.readouterr().err


def test_absent_denied_and_throttled_are_told_apart(
    site: PipelineSite, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    def fails(code: str) -> Callable[..., Any]:
        def call(_: object) -> Any:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetPipelineState")

        return call

    for code, output in (
        ("AccessDeniedException", "AWS denied it"),
        ("ThrottlingException", "Try again in a minute"),
        ("InternalFailure", "InternalFailure"),
    ):
        monkeypatch.setattr(DeployedPipeline, "states", fails(code))
        assert roll_back(site) == 1
        assert output in capsys.readouterr().err
    monkeypatch.undo()


def test_role_without_permission_is_denied(site: PipelineSite, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    site.run("a")
    site.run("b")
    arn = powerful_role(site.account, "operator")
    document = '{"Statement": [{"Effect": "Deny", "Action": "codepipeline:RollbackStage", "Resource": "*"}]}'
    site.account.client("iam").put_role_policy(RoleName="operator", PolicyName="not", PolicyDocument=document)
    found = site.account.client("sts").assume_role(RoleArn=arn, RoleSessionName="operator")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", found["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", found["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", found["SessionToken"])
    assert roll_back(site, "--yes") == 1
    assert "rollback: AWS denied it" in capsys.readouterr().err
    assert site.started() == []
