"""One environment of YAWL."""

from dataclasses import replace

from aws_cdk import Environment, Stage
from constructs import Construct

from settings import EDGE_REGION, AuditShare, EnvironmentSettings, ImageSettings
from stacks.application_stack import Application
from stacks.audit_stack import Audit
from stacks.cache_stack import Cache
from stacks.database_stack import Database
from stacks.distribution_stack import Distribution
from stacks.environment_stack import EnvironmentContext
from stacks.firewall_stack import Firewall
from stacks.monitoring_stack import Monitoring
from stacks.network_stack import Network
from stacks.recovery_copies_stack import RecoveryCopies
from stacks.recovery_stack import Recovery
from stacks.storage_stack import Storage
from stages.environment_tags import tag_environment


class YawlStage(Stage):
    """All stacks of the environment `name`, connected and tagged.

    A stack is deployed after those whose attributes it uses, and in parallel with all others.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        settings: EnvironmentSettings,
        image: ImageSettings,
        audit: AuditShare,
        pipeline_account: str,
        pipeline_dashboard: str,
        runbooks: str,
        compliance: str,
        counts_incidents: bool = False,
    ) -> None:
        """`counts_incidents`: whether delivery metrics count its alarms of high severity, as those of the last do."""
        env = Environment(account=settings.account, region=settings.region)
        super().__init__(scope, construct_id, env=env)
        self.name = name
        self.settings = settings
        context = EnvironmentContext(
            name=name,
            env=env,
            zones=settings.zones,
            log_retention_days=settings.log_retention_days,
            retain_data=settings.retain_data,
            pipeline_account=pipeline_account,
            runbooks=runbooks,
            counts_incidents=counts_incidents,
        )
        self.network = Network(
            self,
            context=context,
            settings=settings.network,
            https=settings.domain is not None,
            operator_access=settings.database.operator_access,
        )
        self.copies = self._copies(context)
        self.storage = Storage(
            self,
            context=context,
            settings=settings.storage,
            copies=self.copies,
        )
        self.firewall: Firewall | None = None
        if settings.firewall.enabled:
            self.firewall = Firewall(
                self,
                context=replace(context, env=Environment(account=settings.account, region=EDGE_REGION)),
                settings=settings.firewall,
            )
        self.database = Database(
            self,
            context=context,
            settings=settings.database,
            vpc=self.network.vpc,
            security_group=self.network.database_security_group,
        )
        if settings.recovery.backups:
            Recovery(
                self,
                context=context,
                settings=settings.recovery,
                database=self.database,
                copies=self.copies,
            )
        self.cache = Cache(
            self,
            context=context,
            settings=settings.cache,
            vpc=self.network.vpc,
            security_group=self.network.cache_security_group,
        )
        self.application = Application(
            self,
            context=context,
            settings=settings.tasks,
            image=image,
            vpc=self.network.vpc,
            load_balancer_security_group=self.network.load_balancer_security_group,
            task_security_group=self.network.task_security_group,
            access_security_group=self.network.access_security_group,
            database=self.database,
            cache=self.cache,
            access_log_bucket=self.storage.access_log_bucket,
            domain=settings.domain,
        )
        self.distribution = Distribution(
            self,
            context=context,
            settings=settings.distribution,
            application=self.application,
            static_bucket=self.storage.static_bucket,
            access_log_bucket=self.storage.access_log_bucket,
            firewall=self.firewall,
            domain=settings.domain,
        )
        self.monitoring = Monitoring(
            self,
            context=context,
            settings=settings,
            application=self.application,
            database=self.database,
            cache=self.cache,
            pipeline_dashboard=pipeline_dashboard,
        )
        if not audit.is_empty:
            Audit(
                self,
                context=context,
                share=audit,
            )
        tag_environment(
            self, name=name, settings=settings.tags, compliance=compliance, stacks=[self.network, self.storage]
        )

    def _copies(self, context: EnvironmentContext) -> RecoveryCopies | None:
        settings, region = self.settings, self.settings.recovery.copy_region
        if region is None:
            return None
        return RecoveryCopies(
            self,
            context=replace(
                context, env=Environment(account=settings.account, region=region), zones=(f"{region}a", f"{region}b")
            ),
            settings=settings.recovery,
            storage=settings.storage,
        )
