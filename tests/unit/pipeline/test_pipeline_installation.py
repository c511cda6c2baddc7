"""`python -m pipeline`: the commands that install the pipeline, printed before they run."""

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.__main__ import main
from pipeline.installation import bootstrap_commands, deploy_command, uses_emulated_aws
from settings import RecoverySettings, Settings
from tests.example import EXAMPLE
from tests.paths import ROOT
from tests.unit.other_settings import only

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

POLICY = "--cloudformation-execution-policies arn:aws:iam::aws:policy/AdministratorAccess"
TRUST = "--trust 111111111111 --trust-for-lookup 111111111111"


def test_pipelines_account_is_bootstrapped_first_and_the_others_trust_it(settings: Settings) -> None:
    assert [str(command) for command in bootstrap_commands(settings)] == [
        f"cdk bootstrap aws://111111111111/us-east-1 --app '' {POLICY}",
        f"cdk bootstrap aws://111111111111/us-west-2 --app '' {POLICY}",
        f"cdk bootstrap aws://222222222222/us-east-1 --app '' {POLICY} {TRUST}",
        f"cdk bootstrap aws://333333333333/us-east-1 --app '' {POLICY} {TRUST}",
        f"cdk bootstrap aws://444444444444/us-east-1 --app '' {POLICY} {TRUST}",
        f"cdk bootstrap aws://444444444444/us-west-2 --app '' {POLICY} {TRUST}",
    ]


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        (
            {"region": "eu-west-1", "recovery": RecoverySettings()},
            ["111111111111/us-east-1", "111111111111/eu-west-1", "444444444444/eu-west-1", "444444444444/us-east-1"],
        ),
        ({"account": "111111111111", "recovery": RecoverySettings()}, ["111111111111/us-east-1"]),
        (
            {},
            [
                *("111111111111/us-east-1", "111111111111/us-west-2"),
                *("444444444444/us-east-1", "444444444444/us-west-2"),
            ],
        ),
    ],
    ids=["another region", "the pipeline's own account", "copies in another region"],
)
def test_every_environment_is_bootstrapped_once(
    changes: dict[str, object], places: list[str], settings: Settings
) -> None:
    commands = bootstrap_commands(only(settings, "prod", **changes))
    assert [command.arguments[2].removeprefix("aws://") for command in commands] == places


def test_pipeline_is_deployed_in_its_account(settings: Settings) -> None:
    command = deploy_command(settings)
    assert (command.account, str(command)) == (
        "111111111111",
        "cdk deploy yawl-delivery --require-approval never",
    )


@pytest.mark.parametrize(
    ("address", "emulated"),
    [
        ("http://localhost:4566", True),
        ("http://127.0.0.1:4566", True),
        ("http://[::1]:4566", True),
        ("https://sts.us-east-1.amazonaws.com", False),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1:4566", False),
        ("", False),
    ],
)
def test_emulator_must_be_on_loopback(address: str, emulated: bool) -> None:
    assert uses_emulated_aws({"AWS_ENDPOINT_URL": address}) == emulated


class TestLeastPrivilege:
    """The bootstrap gives CloudFormation the generated policies."""

    @pytest.fixture(autouse=True)
    def synthesized(self, assembly: "CloudAssembly", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Work next to the assembly, with fake programs that record their calls instead of calling AWS."""
        (tmp_path / "delivery.toml").write_text(EXAMPLE.read_text())
        (tmp_path / "cdk.out").symlink_to(shutil.copytree(assembly.directory, tmp_path / "copy"))
        programs = tmp_path / "bin"
        programs.mkdir()
        for name in ("aws", "cdk"):
            (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/calls\n')
            (programs / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    @staticmethod
    def set_execution() -> None:
        file = Path("delivery.toml")
        file.write_text(file.read_text().replace("[pipeline]", '[pipeline]\nexecution = "least-privilege"', 1))

    def test_dry_run_prints_the_policies_and_runs_nothing(
        self, synthesized: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["bootstrap", "--least-privilege", "--dry-run"]) == 0
        printed = capsys.readouterr().out
        assert "AdministratorAccess" not in printed
        assert "222222222222 yawl-execution-1:" in printed
        assert "444444444444 yawl-permissions-boundary:" in printed
        assert "policies for each execution role, of 10" in printed
        assert 'add to delivery.toml: [pipeline] execution = "least-privilege"' in printed
        assert not (synthesized / "calls").exists()
        assert not (synthesized / "cdk.out/execution-policies").exists()

    def test_each_accounts_policies_are_deployed_before_it_is_bootstrapped_with_them(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.set_execution()
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
        assert main(["bootstrap", "--account", "444444444444"]) == 0
        deploy, *bootstraps = Path("calls").read_text().splitlines()
        assert deploy == (
            "aws cloudformation deploy --stack-name yawl-execution-policies --template-file "
            "cdk.out/execution-policies/444444444444.json --region us-east-1 "
            "--capabilities CAPABILITY_NAMED_IAM --no-fail-on-empty-changeset"
        )
        arns = "arn:aws:iam::444444444444:policy/yawl-execution-1,arn:aws:iam::444444444444:policy/yawl-execution-2,"
        assert [line.split()[2] for line in bootstraps] == [
            "aws://444444444444/us-east-1",
            "aws://444444444444/us-west-2",
        ]
        assert all(f"--cloudformation-execution-policies {arns}" in line for line in bootstraps)
        resources = json.loads(Path("cdk.out/execution-policies/444444444444.json").read_text())["Resources"]
        assert {one["Type"] for one in resources.values()} == {"AWS::IAM::ManagedPolicy"}

    def test_setting_is_sufficient(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.set_execution()
        assert main(["bootstrap", "--dry-run"]) == 0
        printed = capsys.readouterr().out
        assert "AdministratorAccess" not in printed
        assert "add to delivery.toml" not in printed

    def test_failure_prints_the_command_to_repeat(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("bin/aws").write_text("#!/bin/sh\nexit 1\n")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
        assert main(["bootstrap", "--least-privilege"]) == 1
        assert "make bootstrap ARGS='--least-privilege --account 111111111111'" in capsys.readouterr().err

    def test_missing_assembly_says_what_to_do(self, synthesized: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (synthesized / "cdk.out").unlink()
        assert main(["bootstrap", "--least-privilege", "--dry-run"]) == 2
        assert "synthesize first: cdk synth" in capsys.readouterr().err

    def test_unknown_account_is_reported(self, capsys: pytest.CaptureFixture[str]) -> None:
        file = Path("delivery.toml")
        file.write_text(file.read_text().replace("222222222222", "202222222222"))
        assert main(["bootstrap", "--least-privilege", "--dry-run"]) == 2
        assert "cdk.out has no stacks for 202222222222" in capsys.readouterr().err


class TestCommandLine:
    """Messages to the user."""

    @pytest.fixture(autouse=True)
    def calls(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Put a `cdk` on the path that records its calls and fails in account 333333333333; set no endpoint."""
        calls = tmp_path / "calls"
        calls.touch()
        cdk = tmp_path / "cdk"
        cdk.write_text(
            "#!/bin/sh\n"
            f'printf "%s as %s\\n" "$1 $2" "${{AWS_ACCESS_KEY_ID-unset}}" >> {calls}\n'
            'case "$2" in *333333333333*) exit 1;; esac\n'
        )
        cdk.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
        monkeypatch.chdir(EXAMPLE.parent)
        return calls

    @pytest.fixture
    def real_accounts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Work with a delivery.toml of real account ids, except for 333333333333, which fails."""
        text = EXAMPLE.read_text()
        for digit in "124":
            text = text.replace(digit * 12, f"{digit}0{digit * 10}")
        (tmp_path / "delivery.toml").write_text(text)
        monkeypatch.chdir(tmp_path)

    @pytest.mark.parametrize("action", ["bootstrap", "deploy"])
    def test_example_accounts_are_refused(self, action: str, calls: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([action]) == 2
        printed = capsys.readouterr().err
        assert "delivery.toml: environments.prod.account: 444444444444 is an example account" in printed
        assert "Nothing was run" in printed
        assert calls.read_text() == ""

    @pytest.mark.parametrize("action", ["bootstrap", "deploy"])
    def test_dry_run_prints_and_runs_nothing(
        self, action: str, calls: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([action, "--dry-run"]) == 0
        assert capsys.readouterr().out.startswith(f"+ cdk {action} ")
        assert calls.read_text() == ""

    def test_emulator_accepts_example_accounts(self, calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
        assert main(["deploy"]) == 0
        assert main(["bootstrap", "--account", "222222222222"]) == 0
        assert calls.read_text().splitlines() == [
            "deploy yawl-delivery as 111111111111",
            "bootstrap aws://222222222222/us-east-1 as 222222222222",
        ]

    @pytest.mark.usefixtures("real_accounts")
    def test_single_account_bootstrap(self, calls: Path) -> None:
        text = Path("delivery.toml").read_text().replace("333333333333", "303333333333")
        Path("delivery.toml").write_text(text)
        assert main(["bootstrap", "--account", "404444444444"]) == 0
        assert calls.read_text().splitlines() == [
            "bootstrap aws://404444444444/us-east-1 as unset",
            "bootstrap aws://404444444444/us-west-2 as unset",
        ]

    def test_first_failure_stops_and_says_how_to_continue(
        self, calls: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
        assert main(["bootstrap"]) == 1
        assert len(calls.read_text().splitlines()) == 4
        assert "make bootstrap ARGS='--account 333333333333'" in capsys.readouterr().err

    def test_unused_account_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["bootstrap", "--account", "555555555555", "--dry-run"]) == 2
        assert "--account 555555555555: delivery.toml has only 111111111111" in capsys.readouterr().err

    def test_settings_errors_are_reported(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "delivery.toml").write_text("")
        monkeypatch.chdir(tmp_path)
        assert main(["deploy"]) == 2
        assert capsys.readouterr().err.startswith("delivery.toml: ")


def test_pinned_versions_are_exact() -> None:
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert all(version.replace(".", "").isdigit() for version in pinned.values())
