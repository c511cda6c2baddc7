"""Releases of one repository, whose assemblies are synthesized once and changed by hand.

Their commits hold what Build would synthesize, so that it is copied in a moment. The commands that builds run are
replaced as well: the change review is the real one, run by this Python; bakes are stood in for, and so are the
integration tests but in commits that ask for the real ones.
"""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.paths import ROOT
from tests.rehearsal.end_to_end.accounts import PROBE
from tests.rehearsal.end_to_end.conftest import REALLY_TEST, Repository, run

Template = dict[str, Any]
Change = Callable[[str, Template], Template]
"""Takes an environment's part and its template, and returns another."""

REAL_TESTS = "REAL-TESTS"
"""The file in a commit that asks for them."""
MAKEFILE = f"""\
.PHONY: synth change-review integration-tests bake

synth:
	sleep SECONDS
	cp -r synthesized cdk.out

change-review:
	NODE_PATH={ROOT}/node_modules {sys.executable} -m jobs.change_review $(ARGS)

ifeq ($(wildcard {REAL_TESTS}),)
integration-tests:
	sleep SECONDS
	mkdir -p report && echo 'stood in for' > report/integration-tests.txt
else
integration-tests:
	{REALLY_TEST}
endif

bake:
	@echo 'stood in for'
"""

BEFORE: dict[str, tuple[str, str, int]] = {
    "database": ("AWS::RDS::DBInstance", "BackupRetentionPeriod", 1),
    "cache": ("AWS::ElastiCache::ReplicationGroup", "SnapshotRetentionLimit", 1),
    "application": ("AWS::ElasticLoadBalancingV2::TargetGroup", "HealthCheckIntervalSeconds", 1),
    "monitoring": ("AWS::CloudWatch::Alarm", "Threshold", 1),
}
"""What the release before had otherwise, beside its probes: by part, a property of every resource of a type."""


class Releases:
    """A repository in which one release after another is committed."""

    def __init__(self, original: Repository, path: Path, *, build_seconds: int = 0) -> None:
        """Copy the original; of the builds, those that are stood in for take `build_seconds`."""
        self.path = path
        shutil.copytree(original.path, path, ignore=shutil.ignore_patterns(".git"))
        self._synthesized = path.parent / "synthesized"
        shutil.copytree(path / "cdk.out", self._synthesized)
        (path / "Makefile").write_text(MAKEFILE.replace("SECONDS", str(build_seconds)))
        run("git", "init", "--quiet", directory=path)

    def commit(
        self,
        release: str,
        *changes: Change,
        pipeline: Callable[[str], str] = lambda text: text,
        really_tested: bool = False,
    ) -> str:
        """Commit the assembly with these changes of every environment's templates, and of the pipeline's as a text."""
        real_tests = self.path / REAL_TESTS
        real_tests.touch() if really_tested else real_tests.unlink(missing_ok=True)
        target = self.path / "synthesized"
        shutil.rmtree(target)
        shutil.copytree(self._synthesized, target)
        for file in target.glob("assembly-*/*.template.json"):
            part = _part(file)
            template = json.loads(file.read_text())
            for change in (probe(release), *changes):
                template = change(part, template)
            file.write_text(json.dumps(template))
        _change_pipeline(target, pipeline)
        author = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
        run("git", "add", "--all", directory=self.path)
        run("git", *author, "commit", "--quiet", f"--message=Release {release}", directory=self.path)
        return run("git", "rev-parse", "HEAD", directory=self.path).strip()


def probe(release: str) -> Change:
    """Return what gives every stack a parameter that tells the release."""

    def change(_part: str, template: Template) -> Template:
        added = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": release}}
        return {**template, "Resources": {**template["Resources"], PROBE: added}}

    return change


def before(part: str, template: Template) -> Template:
    """Return the template as the release before had it."""
    if part in BEFORE:
        kind, name, difference = BEFORE[part]
        for resource in template["Resources"].values():
            if resource["Type"] == kind and isinstance(resource["Properties"].get(name), int):
                resource["Properties"][name] += difference
    return template


def in_place_of(part: str, template: Template) -> Change:
    """Return what puts a template in the place of a part's, its probe kept."""

    def change(found: str, original: Template) -> Template:
        if found != part:
            return original
        return {**template, "Resources": {**template["Resources"], PROBE: original["Resources"][PROBE]}}

    return change


def _part(template_file: Path) -> str:
    """Return a stack's part from its template's file name: `yawldeliveryDevcache5A53D891.template.json`."""
    environment = template_file.parent.name.rpartition("-")[2]
    return template_file.name.split(".")[0].partition(environment)[2][:-8]


def _change_pipeline(assembly: Path, change: Callable[[str], str]) -> None:
    """Change the pipeline's template, and the hash it is published under."""
    template = assembly / "yawl-delivery.template.json"
    text = template.read_text()
    if change(text) == text:
        return
    template.write_text(change(text))
    assets = assembly / "yawl-delivery.assets.json"
    files = json.loads(assets.read_text())["files"]
    content_hash = next(key for key, file in files.items() if file["source"]["path"] == template.name)
    for file in (assets, assembly / "manifest.json"):
        file.write_text(file.read_text().replace(content_hash, content_hash[::-1]))
