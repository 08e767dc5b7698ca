"""The function's source as it is uploaded: keyplan's own modules, its settings, and what starts them. Pure.

Cloud Run functions start `main.py` with the functions framework, the one package that they need.
Source: Cloud Run, "Specify dependencies in Python" (checked 2026-11-21).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pulumi

FUNCTIONS = Path(__file__).parents[2] / "functions"
PACKAGE = "keyplan_functions"
ENTRY_POINT = "handle"
MODULES = (
    "__init__",
    "ages",
    "gcp/__init__",
    "gcp/notices",
    "gcp/secret_manager",
    "gcp/value_age",
    "reminder_words",
    "text",
)
_MAIN = f'"""Where Cloud Run starts."""\n\nfrom {PACKAGE}.gcp.value_age import handle as {ENTRY_POINT}\n'
_REQUIREMENTS = "functions-framework==3.*\n"


def source_files(settings: str) -> dict[str, Path | str]:
    """Path in the archive to a file of this project, or to text. Args: settings: settings.json."""
    files: dict[str, Path | str] = {
        f"{PACKAGE}/{module}.py": FUNCTIONS / f"{module}.py" for module in MODULES
    }
    texts = {
        "main.py": _MAIN,
        "requirements.txt": _REQUIREMENTS,
        f"{PACKAGE}/gcp/settings.json": settings,
    }
    return files | texts


def source_archive(files: Mapping[str, Path | str]) -> pulumi.AssetArchive:
    """The files as Pulumi uploads them."""
    return pulumi.AssetArchive(
        {
            path: pulumi.StringAsset(found) if isinstance(found, str) else pulumi.FileAsset(str(found))
            for path, found in files.items()
        }
    )


def source_digest(files: Mapping[str, Path | str]) -> str:
    """A digest of everything in the archive: the object is named after it, so that a change is a new object,
    and the function is built anew from it."""
    digest = hashlib.sha256()
    for path, found in sorted(files.items()):
        content = found.encode() if isinstance(found, str) else found.read_bytes()
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
