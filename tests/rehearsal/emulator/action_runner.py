"""Actions run for real against the emulator, one at a time."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.actions.run import Context, Outcome, Run, Workloads
from rehearsal.engine.action_details import ActionDetails
from rehearsal.engine.approvals import PresetApprover
from rehearsal.engine.artifacts import Artifacts
from rehearsal.engine.definition import parse
from rehearsal.process.processes import Processes
from rehearsal.workloads.tasks import NoTasks
from tests.rehearsal.emulator.conftest import Account


def powerful_role(account: Account, name: str) -> str:
    """Make a role that anybody may assume, and that may do anything; return its ARN."""
    services = [f"{name}.amazonaws.com" for name in ("codepipeline", "codebuild", "lambda", "cloudformation")]
    anybody = {"AWS": "*", "Service": services}
    trust = {"Statement": [{"Effect": "Allow", "Principal": anybody, "Action": "sts:AssumeRole"}]}
    anything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam = account.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="anything", PolicyDocument=json.dumps(anything))
    return role["Arn"]


@dataclass
class Workshop:
    """A pipeline's account, a folder, and what one execution's actions share."""

    home: Account
    directory: Path
    processes: Processes
    workloads: Workloads = field(default_factory=NoTasks)
    log: list[str] = field(default_factory=list)
    """What the last action said."""
    details: ActionDetails = field(default_factory=ActionDetails)
    """What the last action left to be reported."""

    commit: str = "c0ffee"
    source_folders: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bucket = f"artifacts-{self.home.place.account}"
        region = {"LocationConstraint": self.home.place.region}
        self.home.client("s3").create_bucket(Bucket=self.bucket, CreateBucketConfiguration=region)
        self.artifacts = Artifacts(self.directory / "artifacts")

    def role(self, account: Account, name: str) -> str:
        """Make a role that anybody may assume, and that may do anything."""
        return powerful_role(account, name)

    def artifact(self, name: str, **files: str) -> None:
        """Pack an artifact; a file's name is spelled with `__` for a dot."""
        folder = self.directory / name
        folder.mkdir(exist_ok=True)
        packed: dict[str, Path] = {}
        for spelled, text in files.items():
            file = folder / spelled.replace("__", ".")
            file.write_text(text)
            packed[file.name] = file
        self.artifacts.pack(name, packed)

    def run(
        self,
        kind: Callable[[Run], Outcome],
        configuration: dict[str, str],
        *,
        inputs: tuple[str, ...] = (),
        outputs: tuple[str, ...] = (),
        role_arn: str | None = None,
        region: str | None = None,
        fail: bool = False,
        category: str = "Any",
        provider: str = "Any",
        **members: Any,
    ) -> Outcome:
        """Run one action of a pipeline in the home account; `members` are further ones of its declaration."""
        action = {
            "name": "Action",
            "actionTypeId": {"category": category, "provider": provider},
            "configuration": configuration,
            "inputArtifacts": [{"name": name} for name in inputs],
            "outputArtifacts": [{"name": name} for name in outputs],
            **{name: value for name, value in {"roleArn": role_arn, "region": region, **members}.items() if value},
        }
        context = self._context(action)
        self.log.clear()
        self.details = ActionDetails()
        found = context.definition.stages[0].actions[0]
        return kind(Run("Stage", found, found.configuration, context, self.log.append, fail, details=self.details))

    def _context(self, action: dict[str, Any]) -> Context:
        document = {
            "name": "pipeline",
            "version": 1,
            "roleArn": f"arn:aws:iam::{self.home.place.account}:role/pipeline",
            "artifactStore": {"location": self.bucket},
            "stages": [{"name": "Stage", "actions": [action]}],
        }
        return Context(
            cloud=self.home.cloud,
            processes=self.processes,
            artifacts=self.artifacts,
            definition=parse(document, self.home.place.region),
            home=self.home.place,
            execution_id="execution",
            repository=self.directory,
            commit=self.commit,
            source_folders=self.source_folders,
            directory=self.directory / "builds",
            approver=PresetApprover(answer=True),
            workloads=self.workloads,
        )
