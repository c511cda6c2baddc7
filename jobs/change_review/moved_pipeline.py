"""Finds that the release moves the pipeline, which a push cannot do: it would create a second one."""

import json
import re
from dataclasses import replace
from typing import Final

from cloud_assembly import Assembly, AwsEnvironment
from jobs.change_review.deployed_stacks import Denied, Reader

GUIDE: Final = "docs/DEPLOYMENT_GUIDE.md, “Moving the pipeline”"


def former_place(assembly: Assembly, reader: Reader) -> str | None:
    """Return where the pipeline is deployed if the release has it elsewhere: account and region, or only the account.

    It is looked for in the other bootstrapped regions of its account. In another account it cannot be read, but the
    roles of the environments trust that account. Raises UserError.
    """
    pipeline = assembly.pipeline
    denied: Denied | None = None
    try:
        if reader.template(pipeline):
            return None
        for region in reader.bootstrapped_regions(pipeline):
            if region != pipeline.region and reader.template(replace(pipeline, region=region)):
                return str(AwsEnvironment(pipeline.account, region))
    except Denied as error:
        # Such as with credentials of the account that it is to leave.
        denied = error
    trusted = re.compile(rf"arn:aws:iam::(\d{{12}}):role/{re.escape(pipeline.name)}-")
    for stack in assembly.stacks:
        if stack.stage and trusted.search(json.dumps(stack.template)):
            deployed = json.dumps(reader.template(stack))
            if others := set(trusted.findall(deployed)) - {pipeline.account}:
                return min(others)
    if denied:
        raise denied
    return None
