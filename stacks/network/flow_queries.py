"""Saved queries of the flow logs, for investigating network problems."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_logs as logs
from constructs import Construct


class FlowQueries(Construct):
    """Saved queries of CloudWatch Logs Insights, in its folder `yawl-<environment>/network`.

    They use the fields that Insights discovers in flow logs of the default format ("Supported logs and discovered
    fields" in the CloudWatch Logs User Guide). `inside` is the VPC's address range; `private` lists the ranges of the
    subnets behind NAT gateways.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        log_group: logs.ILogGroup,
        inside: str,
        private: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        for query_id, (name, lines) in _queries(inside, private).items():
            logs.CfnQueryDefinition(
                self,
                query_id,
                name=f"yawl-{environment_name}/network/{name}",
                log_group_names=[log_group.log_group_name],
                query_string="\n| ".join(lines),
            )


def _queries(inside: str, private: Sequence[str]) -> Mapping[str, tuple[str, Sequence[str]]]:
    """Return the name and the commands of each query."""
    from_private = " or ".join(f'isIpv4InSubnet(srcAddr, "{subnet}")' for subnet in private)
    return {
        "RejectedBySource": (
            "Rejected connections, by source",
            (
                'filter action = "REJECT"',
                "stats sum(packets) as rejected, count_distinct(dstPort) as ports by srcAddr, dstAddr",
                "sort rejected desc",
                "limit 50",
            ),
        ),
        "TopTalkers": (
            "Most bytes, by source and destination",
            (
                'filter action = "ACCEPT"',
                "stats sum(bytes) as sent by srcAddr, dstAddr, dstPort",
                "sort sent desc",
                "limit 50",
            ),
        ),
        "LeftThroughNat": (
            # Traffic to S3 has public addresses too, but uses the gateway endpoint and costs nothing at NAT.
            "Traffic leaving the private subnets, through NAT or to S3",
            (
                f'filter action = "ACCEPT" and ({from_private}) and not isIpv4InSubnet(dstAddr, "{inside}")',
                "stats sum(bytes) as sent by srcAddr, dstAddr, dstPort",
                "sort sent desc",
                "limit 50",
            ),
        ),
        "OneAddress": (
            "Traffic of one address (replace it twice)",
            (
                'filter srcAddr = "10.0.0.1" or dstAddr = "10.0.0.1"',
                "display @timestamp, action, srcAddr, srcPort, dstAddr, dstPort, protocol, packets, bytes",
                "sort @timestamp desc",
                "limit 1000",
            ),
        ),
    }
