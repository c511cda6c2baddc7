"""Resources of other accounts: once policies allow a call, ministack must find what it is about.

ministack judges a call to another account's bucket by the caller's account, so that a bucket policy which names a role
admits nobody, and looks for keys in the caller's account only.
"""

from typing import Any

from rehearsal.emulator.internals import here, iam_evaluator, kms, responses, s3


def register() -> None:
    """Leave buckets' policies to the check of every call, and find keys by their ARNs."""
    allows_above, resolve_above = s3._foreign_bucket_allows, kms._resolve_key

    def allows(*arguments: Any, **options: Any) -> bool:
        # An account's root is not checked call by call: for it ministack's own judgement stands.
        decided = not iam_evaluator.caller_arn().endswith(":root")
        return decided or allows_above(*arguments, **options)

    def resolve(key: str) -> Any:
        found = resolve_above(key)
        parts = (key or "").split(":", 5)
        if found is not None or len(parts) < 6:
            return found
        account, region = here()
        if parts[4] == account or parts[3] != region:
            return None
        with responses.request_scope(parts[4], region):
            return resolve_above(key)

    s3._foreign_bucket_allows = allows
    kms._resolve_key = resolve
