"""settings.json of the value-age function, typed. Pure; components.aws.alarms.reminder_settings writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..ages import Rule, State


@dataclass(frozen=True)
class Settings:
    """What the environment's catalogue says, as of the last deployment."""

    environment: str
    owner: str
    owner_topic: str  # ARN of the environment's owner's topic
    per_key: bool
    namespace: str
    escalate_after_days: float
    count_alarm: str  # the alarm on the environment's count of keys
    count_metric: str
    key_alarms: Mapping[str, tuple[str, State]]  # alarm -> key and the state that the alarm stands for
    rules: Mapping[str, Rule]
    metric_keys: Mapping[
        str, str
    ]  # key -> what the metric of its age calls it; a renamed key keeps its metric

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Settings:
        """Read the document."""
        alarms = {
            entry[field]: (entry["name"], state)
            for entry in data["keys"]
            for field, state in (("dueAlarm", State.DUE), ("overdueAlarm", State.OVERDUE))
            if entry[field] is not None
        }
        return cls(
            environment=data["environment"],
            owner=data["owner"],
            owner_topic=data["ownerTopic"],
            per_key=data["mode"] == "perKey",
            namespace=data["namespace"],
            escalate_after_days=data["escalateAfterDays"],
            count_alarm=data["countAlarm"],
            count_metric=data["countMetric"],
            key_alarms=alarms,
            rules={entry["name"]: Rule.from_json(entry) for entry in data["keys"]},
            metric_keys={entry["name"]: entry["metricKey"] for entry in data["keys"]},
        )
