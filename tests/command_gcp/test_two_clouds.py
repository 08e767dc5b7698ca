"""`keyplan put` and `exec` where a key is on both clouds, against moto and the sandbox's Google Cloud."""

from __future__ import annotations

import signal
import subprocess
import threading
from functools import partial
from typing import Any

from tests.command.environments import Environment, clean_environment, fake_key
from tests.command_gcp.google import Google

SAME_AGAIN = "give the same value to `keyplan put` again: it stores it where it is not stored yet"


def secret_of(environment: Environment, google: Google) -> Any:
    return google.secret(f"{environment.name}-anthropic-api-key")


def read(environment: Environment, google: Google) -> tuple[str | None, str | None]:
    """What readers get on AWS and on Google Cloud: the mark of the value."""
    found: list[str | None] = []
    for cloud in ("aws", "gcp"):
        program = ("sh", "-c", "printf %s $ANTHROPIC_API_KEY")
        done = environment.run("exec", "--only", "anthropic", "--cloud", cloud, "--", *program)
        found.append(done.stdout[20:21] or None)
    return found[0], found[1]


def put(environment: Environment, mark: str) -> subprocess.CompletedProcess[str]:
    done = environment.run("put", "anthropic", given=fake_key(mark))
    assert fake_key(mark) not in done.stdout + done.stderr
    return done


def test_a_value_is_stored_in_both(on_both: Environment, google: Google) -> None:
    assert put(on_both, "a").returncode == 0
    assert on_both.stored("anthropic") == {"ANTHROPIC_API_KEY": fake_key("a")}
    assert google.payloads(f"{on_both.name}-anthropic-api-key") == [fake_key("a")]


def test_google_cloud_that_is_down_leaves_aws_as_it_was(on_both: Environment, google: Google) -> None:
    put(on_both, "a")
    google.dead.append(":addVersion")
    done = put(on_both, "b")
    assert done.returncode == 3
    assert f"no answer from the sandbox at 127.0.0.1:{google.port}" in done.stderr
    assert "nothing was changed: readers on AWS and on Google Cloud get what they got before" in done.stderr
    assert SAME_AGAIN in done.stderr
    google.dead.clear()
    assert read(on_both, google) == ("a", "a")


def test_a_cloud_that_is_down_from_the_start_is_found_before_anything_is_stored(
    on_both: Environment, google: Google
) -> None:
    put(on_both, "a")
    url = on_both.document["clouds"]["aws"]["endpoints"]
    on_both.document["clouds"]["aws"]["endpoints"] = dict.fromkeys(url, "http://127.0.0.1:1")
    on_both.save()
    done = put(on_both, "b")
    assert done.returncode == 3
    assert "no answer from the sandbox at 127.0.0.1:1" in done.stderr
    assert len(secret_of(on_both, google).versions) == 1


def test_google_cloud_that_refuses_a_step_leaves_aws_as_it_was(on_both: Environment, google: Google) -> None:
    put(on_both, "a")
    google.answers["PATCH"] = (403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "x"}})
    done = put(on_both, "b")
    assert done.returncode == 3
    assert "may not do secretmanager.secrets.update on secret" in done.stderr
    assert "nothing was changed: readers on AWS and on Google Cloud get what they got before" in done.stderr
    google.answers.clear()
    assert read(on_both, google) == ("a", "a")
    assert len(secret_of(on_both, google).versions) == 1
    assert put(on_both, "b").returncode == 0
    assert read(on_both, google) == ("b", "b")


def test_a_first_value_that_google_cloud_does_not_take_is_not_stored_on_aws(
    on_both: Environment, google: Google
) -> None:
    """AWS would show a first value at once, and could not take it away again."""
    google.dead.append("PATCH")
    done = put(on_both, "a")
    assert done.returncode == 3
    assert "nothing was changed: readers on AWS and on Google Cloud get what they got before" in done.stderr
    google.dead.clear()
    assert put(on_both, "a").returncode == 0
    assert read(on_both, google) == ("a", "a")


def test_a_lost_answer_of_the_last_step_is_found_done(on_both: Environment, google: Google) -> None:
    put(on_both, "a")
    google.lost.append("PATCH")
    assert put(on_both, "b").returncode == 0
    assert read(on_both, google) == ("b", "b")


def test_ctrl_c_between_the_clouds_says_what_readers_get(on_both: Environment, google: Google) -> None:
    put(on_both, "a")
    arrived, over = threading.Event(), threading.Event()

    def hold() -> None:
        arrived.set()
        over.wait(60)
        raise ConnectionAbortedError  # it is not done later, beside what follows here

    google.before_one(3, "PATCH", hold)  # announced, pending, current
    started = subprocess.Popen(
        on_both.command("put", "anthropic"),
        env=clean_environment(on_both.directory),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdin is not None
    started.stdin.write(fake_key("b"))
    started.stdin.close()
    started.stdin = None
    assert arrived.wait(60)
    started.send_signal(signal.SIGINT)
    _, told = started.communicate(timeout=40)
    over.set()
    assert started.returncode == 130
    assert "readers on AWS get what they got before\n" in told
    assert "readers on Google Cloud get the new value or what they got before: that is not known" in told
    assert put(on_both, "b").returncode in (0, 2)
    assert read(on_both, google) == ("b", "b")


def test_a_consumer_gets_its_keys_from_its_own_cloud(on_both: Environment, google: Google) -> None:
    put(on_both, "a")
    google.asked.clear()
    assert on_both.run("exec", "--consumer", "chat-api", "--", "true").returncode == 0
    assert google.asked == []
    assert on_both.run("exec", "--consumer", "crawler", "--", "true").returncode == 0
    assert len(google.asked) == 1


def test_without_a_choice_the_environments_first_cloud_is_read(
    on_both: Environment, on_google: Environment, google: Google
) -> None:
    put(on_both, "a")
    put(on_google, "b")
    google.asked.clear()
    assert on_both.run("exec", "--only", "anthropic", "--", "true").returncode == 0
    assert google.asked == []
    assert on_google.run("exec", "--only", "anthropic", "--", "true").returncode == 0
    assert len(google.asked) == 1


def test_the_first_cloud_is_the_catalogues_whatever_order_the_manifest_is_in(
    on_both: Environment, google: Google
) -> None:
    put(on_both, "a")
    for order in (sorted, partial(sorted, reverse=True)):
        clouds = on_both.document["clouds"]
        on_both.document["clouds"] = {name: clouds[name] for name in order(clouds)}
        for first, requests in ((None, 0), ("gcp", 1)):
            on_both.document |= {} if first is None else {"firstCloud": first}
            on_both.save()
            google.asked.clear()
            assert on_both.run("exec", "--only", "anthropic", "--", "true").returncode == 0
            assert len(google.asked) == requests
            on_both.document.pop("firstCloud", None)


def test_a_cloud_that_the_environment_is_not_on_is_refused(on_google: Environment) -> None:
    done = on_google.run("exec", "--cloud", "aws", "--", "true")
    assert done.returncode == 2
    assert f"environment {on_google.name} is not on aws; it is on gcp" in done.stderr
