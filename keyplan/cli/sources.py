"""Where the commands that hand values to a program read them: a cloud, or this machine's keychain."""

from __future__ import annotations

from keyplan.cli.arguments import trusted_hosts
from keyplan.errors import UsageError
from keyplan.stores.opening import cloud_to_read, open_reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from keyplan.manifest.document import ManifestDocument
    from keyplan.stores.opening import Reader


def add_source(parser: argparse.ArgumentParser) -> None:
    """--from, which takes a program's values from the keychain."""
    parser.add_argument(
        "--from",
        dest="source",
        choices=("cloud", "keychain"),
        default="cloud",
        help="read in the cloud (the default), or what `keyplan keychain put` stored on this machine",
    )


def reader_of(
    arguments: argparse.Namespace,
    document: ManifestDocument,
    consumer: str | None,
    report: Callable[[str], None],
) -> Reader:
    """The reader that the arguments ask for.

    Raises:
        UsageError: the environment is not on the cloud that was asked for, there is no keychain, or both
            were asked for.
    """
    if arguments.source == "cloud":
        cloud = cloud_to_read(document, arguments.cloud, consumer)
        return open_reader(cloud, document, trusted_hosts(arguments), arguments.timeout, report)
    if arguments.cloud is not None:
        raise UsageError("--cloud and --from keychain exclude each other: both say where to read")
    from keyplan.keychain.opening import open_keychain
    from keyplan.keychain.reading import KeychainReader

    return KeychainReader(open_keychain(), document, report)
