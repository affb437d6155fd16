"""Artifact folders: manifests, schema versions, fingerprints, atomic writing."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.artifact.fingerprint import fingerprint_file, fingerprint_tensors
    from microtome.artifact.folder import check_output, new_artifact
    from microtome.artifact.lock import locked
    from microtome.artifact.manifest import SCHEMA_VERSIONS, Manifest, read_manifest

__all__ = [
    "SCHEMA_VERSIONS",
    "Manifest",
    "check_output",
    "fingerprint_file",
    "fingerprint_tensors",
    "locked",
    "new_artifact",
    "read_manifest",
]

lazy_face(
    __name__,
    {
        "fingerprint": "fingerprint_file fingerprint_tensors",
        "folder": "check_output new_artifact",
        "lock": "locked",
        "manifest": "SCHEMA_VERSIONS Manifest read_manifest",
    },
)
