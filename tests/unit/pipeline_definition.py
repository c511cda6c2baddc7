"""The pipeline of a template, as its tests read it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
ENVIRONMENTS = {"Dev": "222222222222", "Staging": "333333333333", "Prod": "444444444444"}
"""Each environment of tests/delivery.toml by its stage, and its account."""
REVIEWED_IN = {"Dev": "DevReview", "Staging": "StagingReview", "Prod": "ProdReview"}
"""Each environment, and the stage in which its changes are reviewed."""
BUILDS = [
    ("Build", "Synth"),
    ("UpdatePipeline", "SelfMutate"),
    ("Assets", "FileAssets"),
    *((stage, "ReviewChanges") for stage in REVIEWED_IN.values()),
    *((stage, "IntegrationTests") for stage in ENVIRONMENTS),
    *((stage, "Bake") for stage in ENVIRONMENTS),
]
"""The stage and the action of every build."""


@dataclass(frozen=True)
class Pipeline:
    """The pipeline in a template: its definition, and what its stack holds besides."""

    resources: Mapping[str, Json]

    @property
    def definition(self) -> Json:
        """The pipeline's own properties."""
        [pipeline] = self.of_type("AWS::CodePipeline::Pipeline")
        return pipeline

    @property
    def stages(self) -> dict[str, list[Json]]:
        """The actions of each stage, in their order."""
        return {
            stage["Name"]: sorted(stage["Actions"], key=lambda action: action["RunOrder"])
            for stage in self.definition["Stages"]
        }

    def of_type(self, resource_type: str) -> list[Json]:
        """Return the properties of every resource of that type."""
        return [resource["Properties"] for resource in self.resources.values() if resource["Type"] == resource_type]

    def action(self, stage: str, name: str) -> Json:
        """Return an action's definition."""
        [action] = [action for action in self.stages[stage] if action["Name"] == name]
        return action

    def project(self, stage: str, name: str) -> Json:
        """Return the build project that an action runs."""
        return self.resources[self.action(stage, name)["Configuration"]["ProjectName"]["Ref"]]["Properties"]

    def buildspec(self, stage: str, name: str) -> Json:
        """Return what that project does, where its definition holds it."""
        return json.loads(self.project(stage, name)["Source"]["BuildSpec"])

    def statements(self, stage: str, name: str) -> list[Json]:
        """Return what that project's role may do."""
        role = self.project(stage, name)["ServiceRole"]["Fn::GetAtt"][0]
        return self.statements_of(role)

    def statements_of(self, role: str) -> list[Json]:
        """Return the statements of a role's policies."""
        policies = [policy for policy in self.of_type("AWS::IAM::Policy") if {"Ref": role} in policy["Roles"]]
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def actions_of(statements: Iterable[Json]) -> set[str]:
    """Return every action the statements allow."""
    listed = [statement["Action"] for statement in statements]
    return {action for entry in listed for action in ([entry] if isinstance(entry, str) else entry)}
