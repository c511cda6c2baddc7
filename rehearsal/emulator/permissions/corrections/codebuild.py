"""CodeBuild: builds are authorized on their projects (Service Authorization Reference, AWS CodeBuild)."""

from rehearsal.emulator.permissions.corrections import ApiCall, Target, on


def correct(call: ApiCall) -> Target | None:
    """Name the projects of the builds, projects or report groups that the call names."""
    match call.action:
        case "codebuild:BatchGetBuilds":
            names = [item.rpartition("build/")[2].partition(":")[0] for item in call.list("ids")]
        case "codebuild:BatchGetProjects":
            names = [item.rpartition("project/")[2] for item in call.list("names")]
        case "codebuild:StopBuild" | "codebuild:RetryBuild":
            names = [call.text("id").rpartition("build/")[2].partition(":")[0]]
        case _:
            return None
    return on(dict.fromkeys(call.arn("codebuild", f"project/{name}") for name in names))
