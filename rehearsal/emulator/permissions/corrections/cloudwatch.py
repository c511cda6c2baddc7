"""CloudWatch: alarms in lists, and the `cloudwatch:namespace` key (Service Authorization Reference)."""

from rehearsal.emulator.permissions.corrections import ApiCall, Target, on


def correct(call: ApiCall) -> Target | None:
    """Name the alarms a call names, and the namespace that data are put into."""
    match call.action:
        case "cloudwatch:PutMetricData":
            return on("*", cloudwatch__namespace=call.text("Namespace"))
        case "cloudwatch:DescribeAlarms":
            names = call.list("AlarmNames")
            return on([call.arn("cloudwatch", f"alarm:{name}") for name in names or ["*"]])
        case "cloudwatch:DescribeAlarmHistory" | "cloudwatch:SetAlarmState":
            return on(call.arn("cloudwatch", f"alarm:{call.text('AlarmName') or '*'}"))
        case _:
            return None
