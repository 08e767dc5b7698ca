"""What is wrong with a provider's settings: what it needs and does not have, regions it does not have, and
names of models that it resolves by itself.

Pure. Only what a document of the provider or of Claude Code says is told; the documents stand beside each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from keyplan.doctor.model import Finding, Setting
from keyplan.doctor.rules import at
from keyplan.doctor.variables import (
    AWS_REGIONS,
    BEDROCK,
    FLAGS,
    FOUNDRY,
    FOUNDRY_BASE_URL,
    FOUNDRY_RESOURCE,
    MODEL,
    MODEL_SETTING,
    NEEDS,
    PINS,
    VERTEX,
    VERTEX_REGION,
)

# Short names of models, with what each is made of. Source: Claude Code documentation, "Model configuration"
# (code.claude.com/docs, checked 2026-11-21).
ALIASES = {
    "opus": ("opus",),
    "sonnet": ("sonnet",),
    "haiku": ("haiku",),
    "fable": ("fable",),
    "best": ("fable", "opus"),
    "opusplan": ("opus", "sonnet"),
}
_ALIAS = re.compile(rf"({'|'.join(ALIASES)})(?:\[1m\])?", re.IGNORECASE)
# "A value containing a slash, dot, or space" is treated as unset. Source: Claude Code documentation, "Amazon
# Bedrock" and "Google Vertex AI" (checked 2026-11-21).
_NO_REGION = re.compile(r".*[/. ].*", re.DOTALL)
_FALLS_BACK = {BEDROCK: "us-east-1", VERTEX: "us-east5"}
# The geography of an inference profile, and how the regions begin from which it can be asked for: the request
# has to start in one of the profile's own regions. Source: Amazon Bedrock user guide, "Supported Regions and
# models for inference profiles"; Claude Code documentation, "Amazon Bedrock", "Cross-region inference profile
# prefixes" (checked 2026-11-21). Regions of other continents have profiles of their own and are left out.
_GEOGRAPHIES = {
    "us-gov": "us-gov-",
    "us": "us-",
    "eu": "eu-",
    "apac": "ap-",
    "jp": "ap-",
    "au": "ap-",
}
_PROFILE_ID = re.compile(rf"({'|'.join(_GEOGRAPHIES)})\.anthropic\.[a-z0-9.:-]{{1,100}}")
# Names of regions of both clouds, and nothing that a person could have typed there by mistake. Source: the
# regions of AWS in botocore, and those of Google Cloud in its documentation (checked 2026-11-21).
_CONTINENTS = (
    *("us", "eu", "ap", "ca", "sa", "af", "me", "il", "mx", "cn", "eusc"),
    *("europe", "asia", "northamerica", "southamerica", "australia", "africa"),
)
REGION = re.compile(rf"(?:{'|'.join(_CONTINENTS)})(?:-[a-z]{{2,12}}){{1,3}}-?[0-9]{{1,2}}|global|us|eu")


def of_providers(effective: Mapping[str, Setting]) -> Iterator[Finding]:
    """Everything that is wrong with the providers that are on, each told where it comes from."""
    on = [effective[flag] for flag in FLAGS if flag in effective and effective[flag].is_on]
    for flag in on:
        yield from _needs(flag, effective)
        yield from _models(flag, effective)
    for flag in on[1:]:
        yield at(flag, "several-providers", f"is on, and so is {on[0].name}", "leave one of them on")
    names = {flag.name for flag in on}
    if BEDROCK in names:
        yield from _profiles(effective)
    if FOUNDRY in names:
        yield from _foundry(effective)


def region_of(flag: str, effective: Mapping[str, Setting]) -> Setting | None:
    """The setting that tells a provider's region; one whose form is no region's counts for none."""
    names = AWS_REGIONS if flag == BEDROCK else (VERTEX_REGION,)
    there = (effective[name] for name in names if name in effective)
    return next((setting for setting in there if not setting.is_known(_NO_REGION)), None)


def _needs(flag: Setting, effective: Mapping[str, Setting]) -> Iterator[Finding]:
    for group in NEEDS[flag.name]:
        if not any(name in effective for name in group):
            words = f"is on, and {' or '.join(group)} is not set"
            yield at(flag, "provider-incomplete", words, f"set {group[0]}, or unset {flag.name}")
    if flag.name not in _FALLS_BACK:
        return
    for name in AWS_REGIONS if flag.name == BEDROCK else (VERTEX_REGION,):
        setting = effective.get(name)
        if setting is not None and setting.literal and setting.is_known(_NO_REGION):
            words = "has not the form of a region: Claude Code takes it for unset and goes on to the next, "
            words += f"{_FALLS_BACK[flag.name]} at last"
            yield at(setting, "no-region", words, "give the region's name alone, such as eu-west-1")


def _models(flag: Setting, effective: Mapping[str, Setting]) -> Iterator[Finding]:
    """A short name stands for what this version of Claude Code has built in for the provider."""
    chosen = effective.get(MODEL) or effective.get(MODEL_SETTING)
    alias = None if chosen is None else chosen.public(_ALIAS)
    if chosen is None or alias is None:
        return
    parts = ALIASES[alias.lower().removesuffix("[1m]")]
    open_ones = [PINS.get(part) for part in parts if PINS.get(part) not in effective]
    if not open_ones:
        return
    words = "is a short name, and a provider's models go by full names: which one it stands for changes with "
    words += f"Claude Code's version ({flag.name} is on)"
    pins = [pin for pin in open_ones if pin is not None]
    hint = (
        f"name the model in full, or pin it with {' and '.join(pins)}" if pins else "name the model in full"
    )
    yield at(chosen, "model-not-pinned", words, hint)


def _profiles(effective: Mapping[str, Setting]) -> Iterator[Finding]:
    """An inference profile of one geography, asked for in another."""
    setting = region_of(BEDROCK, effective)
    region = None if setting is None else setting.public(REGION)
    begins = next((begin for begin in _GEOGRAPHIES.values() if region and region.startswith(begin)), None)
    if setting is None or begins is None:
        return
    for name in (MODEL, MODEL_SETTING, *PINS.values()):
        model = effective.get(name)
        found = None if model is None else model.public(_PROFILE_ID)
        if model is not None and found is not None and _GEOGRAPHIES[found.split(".")[0]] != begins:
            words = f"is an inference profile of {found.split('.')[0]}, and requests start in {region} "
            words += f"({setting.name} in {setting.place})"
            hint = "take the profile of that region's geography, or a global one, or another region"
            yield at(model, "profile-elsewhere", words, hint)


def _foundry(effective: Mapping[str, Setting]) -> Iterator[Finding]:
    """Source: the client for Foundry of Anthropic's Python SDK, which refuses both (checked 2026-11-21)."""
    resource, address = effective.get(FOUNDRY_RESOURCE), effective.get(FOUNDRY_BASE_URL)
    if resource is not None and address is not None:
        words = (
            f"is set, and so is {FOUNDRY_BASE_URL} in {address.place}: the SDK's client refuses both at once"
        )
        yield at(resource, "foundry-twice", words, "leave one of them set")
