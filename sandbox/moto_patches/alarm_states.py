"""A new alarm has no state yet, and changing an alarm's settings does not change its state.

AWS: an alarm starts in INSUFFICIENT_DATA and is then evaluated; PutMetricAlarm on an existing alarm replaces
its settings and leaves its state. Source: CloudWatch API reference, PutMetricAlarm (checked 2026-11-21).

moto starts every alarm in OK and starts anew with each update, so that an alarm that is on would be forgotten
and send its message again.
"""

from __future__ import annotations

from typing import Any

from sandbox.moto_patches import replace

KEPT = ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history")


def apply() -> None:
    """Set the state after moto has stored the alarm."""
    from moto.cloudwatch.models import CloudWatchBackend

    original = CloudWatchBackend.put_metric_alarm

    def put_metric_alarm(backend: Any, name: str, *positional: Any, **named: Any) -> Any:
        before = backend.alarms.get(name)
        alarm = original(backend, name, *positional, **named)
        if before is None:
            alarm.state_value = "INSUFFICIENT_DATA"
        else:
            for attribute in KEPT:
                setattr(alarm, attribute, getattr(before, attribute))
        return alarm

    replace(CloudWatchBackend, "put_metric_alarm", put_metric_alarm)
