"""Certificates for tests of TLS: authorities, and what they sign, made by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

_DAYS = ("-days", "2")


def _openssl(*args: str | Path) -> None:
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, timeout=60)


def authority(folder: Path, name: str) -> Path:
    """A self-signed authority: its certificate's file. The key lies beside it."""
    key, path = folder / f"{name}.key", folder / f"{name}.pem"
    _openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", *_DAYS),
        *("-subj", f"/CN={name}", "-keyout", key, "-out", path),
    )
    return path


def signed(folder: Path, name: str, by: Path) -> Path:
    """A certificate for 127.0.0.1, signed by an authority, and its key, in one file."""
    key, request, path = (folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
    extensions = folder / f"{name}.ext"
    extensions.write_text("subjectAltName=IP:127.0.0.1\n")
    _openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-subj", f"/CN={name}", "-keyout", key, "-out", request),
    )
    _openssl(
        *("x509", "-req", "-in", request, "-CA", by, "-CAkey", by.with_suffix(".key"), "-CAcreateserial", *_DAYS),
        *("-extfile", extensions, "-out", path),
    )
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path
