"""Resources of other accounts: once policies allow a call, ministack must find its resource.

ministack checks a bucket policy against the caller's account, so that a policy which names a role allows nobody, and
looks for keys in the caller's account only.
"""

from typing import Any

from rehearsal.emulator.internals import here, iam_evaluator, kms, responses, s3


def register() -> None:
    """Leave bucket policies to `enforcement`, and find keys by their ARNs."""
    original_allows, original_resolve = s3._foreign_bucket_allows, kms._resolve_key

    def allows(*arguments: Any, **options: Any) -> bool:
        # `enforcement` does not check an account's root, so ministack decides about it.
        decided = not iam_evaluator.caller_arn().endswith(":root")
        return decided or original_allows(*arguments, **options)

    def resolve(key: str) -> Any:
        found = original_resolve(key)
        parts = (key or "").split(":", 5)
        if found is not None or len(parts) < 6:
            return found
        account, region = here()
        if parts[4] == account or parts[3] != region:
            return None
        with responses.request_scope(parts[4], region):
            return original_resolve(key)

    s3._foreign_bucket_allows = allows
    kms._resolve_key = resolve
