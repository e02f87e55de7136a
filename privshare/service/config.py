"""What a node is told: DIR/node.toml, and the environment over it.

`node init` writes the file; an operator may edit it. Each setting can be
overridden by an environment variable of its name behind PRIVSHARE_NODE_, such
as PRIVSHARE_NODE_THREADS. An unknown setting stops the start: a typing error
must not be a default.

Documented in services/node/settings.md.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from privshare.errors import ConfigError
from privshare.rights import identifier
from privshare.schemes.http_signature import SKEW_S, authority_of

FILE = "node.toml"

_BIND = re.compile(r"(\[[0-9a-f:]+\]|[A-Za-z0-9.\-]+):([0-9]{1,5})")


class Settings(BaseSettings):
    """The settings of one node."""

    model_config = SettingsConfigDict(
        env_prefix="PRIVSHARE_NODE_", extra="forbid", frozen=True
    )

    agency: str = Field(description="this node's agency")
    network: str = Field(description="the network it belongs to")
    role: Literal["host", "member"] = Field(
        description="`host` keeps the log; `member` mirrors and cosigns it"
    )
    url: str = Field(description="where other agencies reach this node")
    bind: str = Field(description="address and port to listen on")
    genesis: str = Field(
        default="", description="digest of the network's genesis, as `init` shows it"
    )
    host_url: str = Field(default="", description="where the log is (members)")
    threads: int = Field(default=128, ge=4, le=1024, description="requests at a time")
    rate_per_s: float = Field(
        default=200, gt=0, description="requests a second for each principal"
    )
    rate_burst: float = Field(
        default=400, ge=1, description="requests at once for each principal"
    )
    public_rate_per_s: float = Field(
        default=5000, gt=0, description="unsigned requests a second for each address"
    )
    public_rate_burst: float = Field(
        default=10000, ge=1, description="unsigned requests at once for each address"
    )
    clock_skew_s: int = Field(
        default=SKEW_S, ge=0, le=60, description="how far other clocks may be off"
    )
    sync_interval_s: float = Field(
        default=0.2, gt=0, description="how often a member looks for new entries"
    )
    tick_interval_s: float = Field(
        default=1.0, gt=0, description="how often requests that policies decide are met"
    )
    peer_timeout_s: float = Field(
        default=30.0, gt=0, description="how long to wait for another agency's node"
    )
    max_upload_bytes: int = Field(
        default=256 << 20, ge=1024, description="largest table that may be uploaded"
    )
    max_column_bytes: int = Field(
        default=1 << 30, ge=1024, description="largest encrypted column from a peer"
    )
    deployment: Literal["production", "trial"] = Field(
        default="production",
        description="`production` loads no test root, whatever else is set",
    )
    attestation: Literal["none", "detect", "tpm2", "simulated"] = Field(
        default="none", description="the machine that this node runs attested jobs on"
    )
    attestation_tcti: str = Field(
        default="device:/dev/tpmrm0", description="where the TPM is (`tpm2`)"
    )
    attestation_measurement: str = Field(
        default="",
        max_length=128,
        description="what this machine's evidence says it runs, in hex (`detect`)",
    )
    compute: str = Field(
        default="", description="address and port for jobs on shares; none: takes none"
    )
    compute_address: str = Field(
        default="", description="where other nodes reach `compute`; else there itself"
    )
    compute_memory_bytes: int = Field(
        default=4 << 30, ge=1 << 26, description="what one job on shares may use"
    )
    gate: Literal["off", "on"] = Field(
        default="off", description="`on`: this node takes and runs submitted code"
    )
    gate_site: str = Field(
        default="",
        max_length=4096,
        description="folder of packages that submitted code may import",
    )
    gate_runs: int = Field(
        default=1, ge=1, le=64, description="submissions that run at a time"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="what is written to the log"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then what the file said."""
        return (env_settings, init_settings)

    @field_validator("agency")
    @classmethod
    def _agency(cls, value: str) -> str:
        if identifier.AGENCY.pattern.fullmatch(value) is None:
            raise ValueError(f'expected an agency such as "taxes", found "{value}"')
        return value

    @field_validator("network")
    @classmethod
    def _network(cls, value: str) -> str:
        if identifier.NETWORK.pattern.fullmatch(value) is None:
            raise ValueError(f'expected a network such as "demo", found "{value}"')
        return value

    @field_validator("url", "host_url")
    @classmethod
    def _url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("expected an http or https URL, found another text")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("expected a URL without a path, found one with a path")
        return value.rstrip("/")

    @field_validator("bind", "compute", "compute_address")
    @classmethod
    def _bind(cls, value: str, info: ValidationInfo) -> str:
        match = _BIND.fullmatch(value)
        if not value and info.field_name != "bind":
            return value
        if match is None or not 1 <= int(match[2]) <= 65535:
            raise ValueError("expected address:port, such as 127.0.0.1:7101")
        return value

    @field_validator("gate_site")
    @classmethod
    def _site(cls, value: str) -> str:
        if value and not value.startswith("/"):
            raise ValueError("expected an absolute path of a folder, found another")
        return value

    @property
    def authorities(self) -> frozenset[str]:
        """How requests to this node may be addressed."""
        return frozenset({authority_of(self.url), authority_of(f"http://{self.bind}")})

    @property
    def max_streams(self) -> int:
        """Event streams that may be open together: a quarter of the threads."""
        return max(1, self.threads // 4)


def load(directory: Path) -> Settings:
    """Read a node's settings.

    Args:
        directory: The node directory, made by `node init`.

    Raises:
        ConfigError: No such directory, no TOML, an unknown setting, or a
            value that does not fit; the message names the setting.
    """
    path = directory / FILE
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"expected a node directory with {FILE}, found none at {directory}",
            fix="Make one with `privshare node init`.",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"expected TOML in {path}, found: {error}") from None
    return checked(values, str(path))


def checked(values: Mapping[str, Any], where: str = "settings") -> Settings:
    """Hold settings to their forms; the environment overrides them.

    Raises:
        ConfigError: An unknown setting, or a value that does not fit.
    """
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"{where}: {name}: {first['msg'].removeprefix('Value error, ')}",
            fix="See services/node/settings.md.",
            detail={"setting": name},
        ) from None


def write(directory: Path, settings: Settings) -> None:
    """Write the settings that differ from their defaults, each explained."""
    lines = ["# A PrivShare node. Explained in services/node/settings.md."]
    for name, info in Settings.model_fields.items():
        value = getattr(settings, name)
        if value != info.default:
            lines += ["", f"# {info.description}", f"{name} = {_toml(value)}"]
    (directory / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value).lower() if isinstance(value, bool) else str(value)
