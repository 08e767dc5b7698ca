"""Cloud Monitoring: alert policies and the channels that they notify. The cloud makes up their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from sandbox.provider.gcp.cloud import GoogleCloud
from sandbox.provider.gcp.resource import ANYTHING, DELETION, RestType, keeps
from sandbox.provider.handler import Properties
from sandbox.provider.values import without

AGGREGATION = ("alignmentPeriod", "crossSeriesReducer", "groupByFields", "perSeriesAligner")
TRIGGER = ("count", "percent")


class _Numbered(RestType):
    """What the cloud gives a number to. Id: the name that it then has."""

    service = "monitoring"
    alike: ClassVar[Sequence[str]]
    """The properties by which one that was made is found again."""
    list_field: ClassVar[str]

    def make(self, cloud: GoogleCloud, new: Properties, path: str) -> str:
        """The answer says the name."""
        made = cloud.call(self.service, "POST", self._collection(cloud, new), self.creation(cloud, new, path))
        return str(made["name"])

    def path_of(self, cloud: GoogleCloud, new: Properties) -> str:
        """Not known before it is made."""
        return self._collection(cloud, new)

    def names_of(self, id_: str) -> dict[str, str]:
        """The project alone."""
        return without(super().names_of(id_), ("number",))

    def find(self, cloud: GoogleCloud, new: Properties) -> str | None:
        """By what it looks like, where there is one of that look."""
        wanted = self.body(cloud, new)
        found = cloud.call(self.service, "GET", self._collection(cloud, new)).get(self.list_field) or ()
        alike = [one for one in found if all(one.get(name) == wanted.get(name) for name in self.alike)]
        return str(alike[0]["name"]) if len(alike) == 1 else None

    def _collection(self, cloud: GoogleCloud, known: Properties) -> str:
        return self.path.rpartition("/")[0].format(project=self.project(cloud, known))


class AlertPolicy(_Numbered):
    """Id: `projects/P/alertPolicies/NUMBER`."""

    kind = "gcp:monitoring/alertPolicy:AlertPolicy"
    path = "projects/{project}/alertPolicies/{number}"
    list_field = "alertPolicies"
    alike = ("displayName",)
    fields = (
        "alertStrategy",
        "combiner",
        "conditions",
        "displayName",
        "documentation",
        "enabled",
        "notificationChannels",
        "severity",
        "userLabels",
    )
    required = ("combiner", "conditions", "displayName")
    optional = (
        "alertStrategy",
        "deletionPolicy",
        "documentation",
        "enabled",
        "notificationChannels",
        "project",
        "severity",
        "userLabels",
    )
    fixed = ("project",)
    computed = ("creationRecords", "name", "project")
    kept = ("project",)
    local = ("deletionPolicy",)
    defaults = MappingProxyType({**DELETION, "enabled": True})
    identity = ()
    filled = MappingProxyType(
        {
            "conditions.name": ANYTHING,
            "documentation.mimeType": "text/markdown",
            "severity": "SEVERITY_UNSPECIFIED",
        }
    )
    nested = MappingProxyType(
        {
            "alertStrategy": (
                "autoClose",
                "notificationChannelStrategies",
                "notificationPrompts",
                "notificationRateLimit",
            ),
            "alertStrategy.notificationChannelStrategies": ("notificationChannelNames", "renotifyInterval"),
            "alertStrategy.notificationRateLimit": ("period",),
            "conditions": (
                "conditionAbsent",
                "conditionMatchedLog",
                "conditionThreshold",
                "displayName",
                "name",
            ),
            "conditions.conditionAbsent": ("aggregations", "duration", "filter", "trigger"),
            "conditions.conditionAbsent.aggregations": AGGREGATION,
            "conditions.conditionAbsent.trigger": TRIGGER,
            "conditions.conditionMatchedLog": ("filter", "labelExtractors"),
            "conditions.conditionThreshold": (
                "aggregations",
                "comparison",
                "duration",
                "evaluationMissingData",
                "filter",
                "thresholdValue",
                "trigger",
            ),
            "conditions.conditionThreshold.aggregations": AGGREGATION,
            "conditions.conditionThreshold.trigger": TRIGGER,
            "documentation": ("content", "links", "mimeType", "subject"),
            "documentation.links": ("displayName", "url"),
        }
    )

    def body(self, cloud: GoogleCloud, new: Properties) -> dict[str, Any]:
        """One list has another name there."""
        body = super().body(cloud, new)
        strategy = dict(body.get("alertStrategy") or {})
        if "notificationChannelStrategies" in strategy:
            strategy["notificationChannelStrategy"] = strategy.pop("notificationChannelStrategies")
            body["alertStrategy"] = strategy
        return body

    def properties_of(self, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """The same the other way round."""
        strategy = dict(found.get("alertStrategy") or {})
        if "notificationChannelStrategy" in strategy:
            strategy["notificationChannelStrategies"] = strategy.pop("notificationChannelStrategy")
        return super().properties_of({**found, "alertStrategy": strategy or None}, known)

    def shown(self, cloud: GoogleCloud, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """With who made it and when."""
        record = found.get("creationRecord")
        return super().shown(cloud, {**found, "creationRecords": [record] if record else []}, known)


class NotificationChannel(_Numbered):
    """Id: `projects/P/notificationChannels/NUMBER`."""

    kind = "gcp:monitoring/notificationChannel:NotificationChannel"
    path = "projects/{project}/notificationChannels/{number}"
    list_field = "notificationChannels"
    alike = ("displayName", "labels", "type")
    fields = ("description", "displayName", "enabled", "labels", "type", "userLabels")
    required = ("type",)
    optional = (
        "deletionPolicy",
        "description",
        "displayName",
        "enabled",
        "forceDelete",
        "labels",
        "project",
        "userLabels",
    )
    fixed = ("project", "type")
    computed = ("name", "project", "verificationStatus")
    kept = ("project",)
    local = ("deletionPolicy", "forceDelete")
    defaults = MappingProxyType({**DELETION, "enabled": True, "forceDelete": False})
    identity = ()

    def shown(self, cloud: GoogleCloud, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """Kinds that need no verification have no state of it."""
        return super().shown(cloud, {"verificationStatus": "", **found}, known)

    def delete(self, cloud: GoogleCloud, id_: str, known: Properties) -> None:
        """With `forceDelete` also one that policies notify."""
        if not keeps(self, id_, known):
            forced = {"force": "true"} if known.get("forceDelete") else None
            cloud.call(self.service, "DELETE", id_, query=forced)
