"""CloudWatch metric alarms."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sandbox.provider.cloud import Cloud
from sandbox.provider.handler import (
    Created,
    Handler,
    Properties,
    change_tags,
    tag_list,
    tag_map,
    tag_outputs,
)
from sandbox.provider.values import present

# Property -> parameter of PutMetricAlarm and field of DescribeAlarms.
PLAIN = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "thresholdMetricId": "ThresholdMetricId",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
ACTIONS = ("alarmActions", "insufficientDataActions", "okActions")
QUERY = {
    "id": "Id",
    "expression": "Expression",
    "label": "Label",
    "period": "Period",
    "returnData": "ReturnData",
    "accountId": "AccountId",
}
WARM_UP = {
    "warmUpPeriodDurationInMinutes": "WarmUpPeriodDurationInMinutes",
    "onlyStartEvaluatingAfterWarmUpPeriodEnds": "OnlyStartEvaluatingAfterWarmUpPeriodEnds",
}
METRIC_KEYS = ("metricName", "namespace", "period", "stat", "unit", "dimensions")


class MetricAlarm(Handler):
    """Id: the alarm's name."""

    kind = "aws:cloudwatch/metricAlarm:MetricAlarm"
    service = "cloudwatch"
    required = ("comparisonOperator", "evaluationPeriods")
    optional = (
        "name",
        "dimensions",
        "metricQueries",
        "warmUpConfiguration",
        "tags",
        "warmUpConfiguration",
        *(name for name in PLAIN if name not in ("comparisonOperator", "evaluationPeriods")),
    )
    fixed = ("name",)
    computed = ("arn",)
    # Sent, but moto does not keep it, so it cannot be read back.
    local = ("warmUpConfiguration",)
    local = (
        "warmUpConfiguration",
    )  # moto knows no warm-up; the sandbox evaluates alarms only when time moves
    defaults = MappingProxyType({"actionsEnabled": True, "treatMissingData": "missing"})
    unordered = (*ACTIONS, "metricQueries")
    nested = MappingProxyType(
        {
            "metricQueries": (*QUERY, "metric"),
            "metricQueries.metric": METRIC_KEYS,
            "warmUpConfiguration": tuple(WARM_UP),
        }
    )
    name_length = 255

    def same(self, name: str, old: Any, new: Any) -> bool:
        """A query that does not say so returns no data."""
        if name == "metricQueries":
            old, new = _with_defaults(old), _with_defaults(new)
        return super().same(name, old, new)

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """PutMetricAlarm answers nothing; the ARN follows from account, region and name."""
        client = self.aws(cloud, new)
        client.put_metric_alarm(Tags=tag_list(new["tagsAll"]), **_parameters(new))
        account = cloud.caller()
        partition = account["Arn"].split(":")[1]
        region = new.get("region") or cloud.region
        arn = f"arn:{partition}:cloudwatch:{region}:{account['Account']}:alarm:{new['name']}"
        return Created(new["name"], {"arn": arn})

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """DescribeAlarms by name, and the tags."""
        client = self.aws(cloud, known)
        alarms = client.describe_alarms(AlarmNames=[id_], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
        if not alarms:
            return None
        alarm = alarms[0]
        tags = client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"]).get("Tags")
        dimensions = tag_map(alarm.get("Dimensions"), "Name")
        outputs = {name: alarm.get(field) for name, field in PLAIN.items()}
        for name in ACTIONS:
            outputs[name] = outputs[name] or None
        return {
            "name": id_,
            "arn": alarm["AlarmArn"],
            **present(
                dimensions=dimensions or None,
                metricQueries=[_query_read(query) for query in alarm.get("Metrics") or ()] or None,
                **outputs,
            ),
            **tag_outputs(tag_map(tags)),
        }

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """PutMetricAlarm replaces everything but the tags, which have calls of their own."""
        client = self.aws(cloud, new)
        if changed - {"tags", "tagsAll"}:
            client.put_metric_alarm(Tags=tag_list(new["tagsAll"]), **_parameters(new))
        if "tagsAll" in changed:
            arn = client.describe_alarms(AlarmNames=[id_])["MetricAlarms"][0]["AlarmArn"]
            change_tags(old, new, client.untag_resource, client.tag_resource, ResourceARN=arn)
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """DeleteAlarms; an alarm that is gone is no error there."""
        self.aws(cloud, known).delete_alarms(AlarmNames=[id_])

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By name."""
        return str(new["name"])


def _parameters(new: Properties) -> dict[str, Any]:
    queries = [_query(query) for query in new.get("metricQueries") or ()]
    warm_up = new.get("warmUpConfiguration") or {}
    return present(
        AlarmName=new["name"],
        WarmUpConfiguration={WARM_UP[name]: value for name, value in warm_up.items()} or None,
        Dimensions=tag_list(new["dimensions"], "Name") if new.get("dimensions") else None,
        Metrics=queries or None,
        **{parameter: new.get(name) for name, parameter in PLAIN.items()},
    )


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    metric = query.get("metric")
    return present(
        **{parameter: query.get(name) for name, parameter in QUERY.items()},
        MetricStat=_metric(metric) if metric else None,
    )


def _metric(metric: Mapping[str, Any]) -> dict[str, Any]:
    return present(
        Metric=present(
            Namespace=metric.get("namespace"),
            MetricName=metric["metricName"],
            Dimensions=tag_list(metric.get("dimensions"), "Name"),
        ),
        Period=metric["period"],
        Stat=metric["stat"],
        Unit=metric.get("unit"),
    )


def _query_read(query: Mapping[str, Any]) -> dict[str, Any]:
    found = present(**{name: query.get(field) for name, field in QUERY.items()})
    stat = query.get("MetricStat")
    if stat:
        dimensions = tag_map(stat["Metric"].get("Dimensions"), "Name")
        found["metric"] = present(
            namespace=stat["Metric"].get("Namespace"),
            metricName=stat["Metric"]["MetricName"],
            period=stat["Period"],
            stat=stat["Stat"],
            unit=stat.get("Unit"),
            dimensions=dimensions or None,
        )
    return found


def _with_defaults(queries: Any) -> Any:
    if not isinstance(queries, list):
        return queries
    return [{"returnData": False, **query} if isinstance(query, Mapping) else query for query in queries]
