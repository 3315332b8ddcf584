"""The bill of materials as CycloneDX 1.6, for programs."""

from __future__ import annotations

import json
import uuid
from typing import Any

from components import Component


def bill_of_materials(own: Component, others: list[Component]) -> dict[str, Any]:
    """Return the bill of materials as CycloneDX 1.6."""
    references = {one.name: _reference(one) for one in others}
    dependencies = [
        {"ref": _reference(one), "dependsOn": sorted(references[name] for name in one.depends)}
        for one in [own, *others]
    ]
    content: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"lifecycles": [{"phase": "build"}], "component": _as_json(own, "")},
        "components": [_as_json(one, "") for one in others],
        "dependencies": sorted(dependencies, key=lambda entry: str(entry["ref"])),
    }
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=True)
    serial = uuid.uuid5(uuid.NAMESPACE_OID, canonical)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "serialNumber": f"urn:uuid:{serial}",
    } | content


def _reference(one: Component, inside: str = "") -> str:
    # Some parts lie in two packages: what they lie in makes their references differ.
    name = (one.purl or one.name) + (f"@{one.version}" if one.version else "")
    return f"{inside}#{name}" if inside else name


def _as_json(one: Component, inside: str) -> dict[str, Any]:
    reference = _reference(one, inside)
    single = one.spdx and " " not in one.licence and not one.licence.startswith("LicenseRef-")
    if single:
        licences: list[dict[str, Any]] = [{"license": {"id": one.licence}}]
    else:
        licences = [{"expression": one.licence}] if one.spdx else [{"license": {"name": one.licence}}]
    entry: dict[str, Any] = {"type": one.kind, "bom-ref": reference, "name": one.name}
    if one.version:
        entry["version"] = one.version
    if one.description:
        entry["description"] = one.description
    if one.sha256:
        entry["hashes"] = [{"alg": "SHA-256", "content": one.sha256}]
    entry["licenses"] = licences
    if one.purl:
        entry["purl"] = one.purl + (f"@{one.version}" if one.version else "")
    if one.code:
        entry["externalReferences"] = [{"type": "vcs", "url": one.code}]
    if one.changes:
        entry["pedigree"] = {
            "patches": [
                {"type": "unofficial", "diff": {"text": {"contentType": "text/plain", "content": difference(*change)}}}
                for change in one.changes
            ],
            "notes": "Changed when the site is built: each of these texts occurs once and is replaced.",
        }
    if one.parts:
        entry["components"] = [_as_json(part, reference) for part in one.parts]
    properties = {"file": one.file, "licence-from": one.licence_from, "used-in": one.used}
    entry["properties"] = [{"name": f"imagenomer:{key}", "value": value} for key, value in properties.items() if value]
    return entry


def difference(before: str, after: str) -> str:
    """Return a change of a file as a diff shows it."""
    return f"-{before}\n+{after}"
