"""The check of a manifest's whole shape, and the words for one that is none.

What each field may hold is `rules`; where a manifest comes from is `sources`; the typed objects are `model`.
`keyplan exec` starts from here and never builds those objects: importing dataclasses takes longer than this
whole check.
"""

from __future__ import annotations

from keyplan.errors import ManifestError
from keyplan.json_shape import check_object, load
from keyplan.manifest.rules import DOCUMENT, FORMAT, between_parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from keyplan.manifest.document import ManifestDocument

_FORMAT_NAME, _FORMAT_VERSION = "keyplan-manifest/", 1


def parse(content: str, origin: str) -> ManifestDocument:
    """Read a manifest's JSON text and check it.

    Args:
        content: the JSON.
        origin: what to call it in an error: a file's path, or the command that printed it.

    Raises:
        ManifestError: with file, line and column where it is not JSON; with every mistake of its shape.
    """
    return checked(load(content, origin), origin)


def checked(document: object, origin: str = "the document") -> ManifestDocument:
    """Return `document` as a manifest.

    Raises:
        ManifestError: with every mistake of its shape; or it is no manifest, or one that a newer keyplan
        wrote.
    """
    mistakes = check(document, origin)
    if mistakes:
        count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise ManifestError(
            f"{origin} has {count}:\n" + "\n".join(f"  {mistake}" for mistake in mistakes),
            "run `make sandbox` or `pulumi up` again: they write a manifest that is right",
        )
    return document  # type: ignore[return-value]  # check() found nothing: it has that shape


def check(document: object, origin: str = "the document") -> list[str]:
    """Every mistake of a manifest's shape, as `path: what is wrong`, in the document's order.

    Raises:
        ManifestError: it is no manifest at all, or one that another keyplan wrote; then only that counts.
    """
    if not isinstance(document, dict) or not isinstance(document.get("format"), str):
        raise ManifestError(f"{origin} is not a manifest: it has no `format` field that says {FORMAT}")
    _check_version(document["format"], origin)
    mistakes: list[str] = []
    check_object(document, "", DOCUMENT, mistakes)
    if not mistakes:
        mistakes.extend(between_parts(document))  # type: ignore[arg-type]  # its shape is right
    return mistakes


def _check_version(format_field: str, origin: str) -> None:
    version = format_field.removeprefix(_FORMAT_NAME)
    if version == format_field or not version.isascii() or not version.isdigit():
        raise ManifestError(f"{origin} is not a manifest: its `format` is not {FORMAT}")
    if int(version[:9]) > _FORMAT_VERSION:
        from keyplan import __version__

        raise ManifestError(
            f"{origin} is a manifest of version {int(version[:9])}: it needs a keyplan that reads "
            f"{_FORMAT_NAME}{int(version[:9])}, and this is keyplan {__version__}, which reads {FORMAT}",
            "pip install --upgrade keyplan",
        )
    if int(version) < _FORMAT_VERSION:
        raise ManifestError(
            f"{origin} is a manifest of version {version}, which never existed; expected {FORMAT}"
        )
