"""Writes docs/COMPLIANCE.md: each rule's result, and the acknowledged findings with their reasons."""

from collections.abc import Iterable, Iterator

from tools.compliance.findings import Finding, Findings, Rule

STANDARDS = {
    "AwsSolutions": "AWS's own rules",
    "NIST.800.53.R5": "NIST 800-53 R5",
    "PCI.DSS.321": "PCI DSS 3.2.1",
    "HIPAA.Security": "HIPAA Security",
}
"""What the packs are called here, in the order of the document."""
WILDCARDS = "IAM5"
HEAD = """\
# Compliance

The result of every rule in the rule packs. `make docs` generates this page from a synthesis of `delivery.toml`; a
test fails when it is out of date.

The rules check templates only, not people, the image, data, or manual changes in an account. Passing them is not a
certification. A finding that is not acknowledged fails the synthesis, so this page has none.

- **passed**: the rule applies to that many resources and found nothing.
- **acknowledged**: it found something that is accepted; *Acknowledged*, below, says where and why.
- **not applicable**: the app has no resource that the rule applies to.
"""


def document(findings: Findings) -> str:
    """Return the document as Markdown."""
    acknowledged = {(found.pack, found.rule) for found in findings.acknowledged}
    by_pack = {pack: [rule for rule in findings.rules if rule.pack == pack] for pack in STANDARDS}
    held = {pack: rules for pack, rules in by_pack.items() if rules}
    lines = [HEAD, "| standard | rules | passed | acknowledged | not applicable |", "| --- | --- | --- | --- | --- |"]
    for pack, rules in held.items():
        results = [_result(rule, acknowledged) for rule in rules]
        counts = (sum(result.startswith(kind) for result in results) for kind in ("passed", "acknowledged", "not"))
        lines.append(f"| {STANDARDS[pack]} | {len(rules)} | " + " | ".join(map(str, counts)) + " |")
    lines += ["", *_acknowledged(findings.acknowledged)]
    for pack, rules in held.items():
        lines += ["", f"## {STANDARDS[pack]}", "", "| rule | result | controls |", "| --- | --- | --- |"]
        lines += [f"| {rule.name} | {_result(rule, acknowledged)} | {rule.controls} |" for rule in rules]
    return "\n".join(lines) + "\n"


def _result(rule: Rule, acknowledged: set[tuple[str, str]]) -> str:
    if (rule.pack, rule.name) in acknowledged:
        return f"acknowledged ({rule.judged} checked)"
    return f"passed ({rule.judged})" if rule.judged else "not applicable"


def _acknowledged(findings: Iterable[Finding]) -> Iterator[str]:
    """List each reason once, with the places it applies to."""
    places: dict[tuple[str, str, str], set[str]] = {}
    for found in findings:
        places.setdefault((found.rule, found.detail, found.reason), set()).add(found.construct)
    yield "## Acknowledged"
    yield ""
    yield f"`{WILDCARDS}` is a wildcard in a role's permissions, given in brackets."
    yield ""
    yield "| rule | where | reason |"
    yield "| --- | --- | --- |"
    for (rule, detail, reason), constructs in places.items():
        name = f"{rule} `[{detail}]`" if detail else rule
        where = "<br>".join(_merged(constructs))
        yield f"| {name} | {where} | {reason} |"


def _merged(constructs: Iterable[str]) -> list[str]:
    """Return the constructs' paths, those that differ only in their environment as one."""
    environments: dict[str, list[str]] = {}
    for path in sorted(constructs):
        parts = path.removesuffix("/Resource").split("/")[1:]
        if len(parts) > 2 and parts[1].islower():
            environments.setdefault("/".join(parts[1:]), []).append(parts[0])
        else:
            environments.setdefault("/".join(parts), [])
    return [f"{path} ({', '.join(names)})" if names else path for path, names in environments.items()]
