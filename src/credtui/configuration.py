"""Settings. Flags override environment variables, which override a TOML file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from credtui.domain.errors import InvalidConfigurationError
from credtui.domain.models import Environment
from credtui.domain.names import ORGANIZATION_PATTERN, quotable
from credtui.domain.refusals import InvalidNetworkError
from credtui.domain.secrets import CLIENT_ID_PATTERN
from credtui.domain.store_url import why_not_store_url
from credtui.domain.token_url import why_not_token_url
from credtui.regular_files import read_file

STORE_URL = "CREDTUI_STORE_URL"
"""The environment variable that names the database which keeps the data."""

# A field's description is a part of error messages: it completes "KEY must be".
# Where the value shall not be repeated, an error of this type completes the sentence after "KEY".
_SENTENCE = "sentence"


def _token_url(text: str) -> str:
    if reason := why_not_token_url(text):
        raise PydanticCustomError(_SENTENCE, reason)
    return text


TokenUrl = Annotated[str, AfterValidator(_token_url)]


class EnvironmentSettings(BaseModel):
    """The table `[environments.NAME]` of the configuration file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    audience: str = Field(
        # Programs that read a file of environment variables disagree about ' and \.
        pattern=r"^[!-&(-\[\]-~]{1,200}$",
        description="up to 200 printable characters without spaces, ' and \\, such as "
        '"urn:example:{organization}"',
    )
    tag: str = Field(
        pattern=r"^[a-z0-9]{1,6}$",
        description="1 to 6 lower-case letters and digits, which mark the environment's secrets",
    )
    token_url: TokenUrl = Field(description="a URL that begins with https:// or http://")
    production: bool = Field(default=False, description="true or false")


def _network(text: str) -> str:
    from credtui.domain.networks import parse_networks

    try:
        return parse_networks([text])[0]
    except InvalidNetworkError as error:
        raise ValueError(str(error)) from None


Network = Annotated[str, AfterValidator(_network)]
ClientId = Annotated[str, Field(pattern=f"^{CLIENT_ID_PATTERN}$")]


class ServerSettings(BaseModel):
    """The table `[server]` of the configuration file: the token endpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    token_lifetime: int = Field(
        default=3600, ge=60, le=86400, description="a whole number of seconds from 60 to 86400"
    )
    trusted_proxies: list[Network] = Field(
        default=[],
        max_length=50,
        description="a list of networks in CIDR notation, whose X-Forwarded-For headers are "
        'believed, such as ["10.0.0.0/24"]',
    )
    introspection_clients: list[ClientId] = Field(
        default=[],
        max_length=50,
        description="a list of the Client IDs that may introspect access tokens",
    )
    keep_alive: int = Field(
        default=75, ge=1, le=3600, description="a whole number of seconds from 1 to 3600"
    )


def _store_url(text: str) -> str:
    if text and (reason := why_not_store_url(text)):
        raise PydanticCustomError(_SENTENCE, reason)
    return text


class StoreSettings(BaseModel):
    """The table `[store]` of the configuration file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    url: Annotated[str, AfterValidator(_store_url)] = Field(
        default="", description='a URL that begins with postgresql://, or "" for the data folder'
    )
    require_synchronous: bool = Field(default=False, description="true or false")


_BUILT_IN_ENVIRONMENTS: Mapping[str, Mapping[str, str | bool]] = {
    "uat": {
        "audience": "urn:ripplexcurrent-uat:{organization}",
        "tag": "uat",
        "token_url": "http://127.0.0.1:8000/v2/oauth/token",
    },
    "production": {
        "audience": "urn:ripplexcurrent-prod:{organization}",
        "tag": "prod",
        "token_url": "http://127.0.0.1:8000/v2/oauth/token",
        "production": True,
    },
}


THEMES = (
    *("auto", "dark", "light", "credtui-dark", "credtui-light", "credtui-16"),
    # Textual's own
    *("ansi-dark", "ansi-light", "atom-one-dark", "atom-one-light", "catppuccin-frappe"),
    *("catppuccin-latte", "catppuccin-macchiato", "catppuccin-mocha", "dracula", "flexoki"),
    *("gruvbox", "monokai", "nord", "rose-pine", "rose-pine-dawn", "rose-pine-moon"),
    *("solarized-dark", "solarized-light", "textual-dark", "textual-light", "tokyo-night"),
)
"""The words for the portal's colours. Textual isn't imported here, because commands don't need it.
"""


def _theme(text: str) -> str:
    if text not in THEMES:
        raise ValueError(text)
    return text


Theme = Annotated[str, AfterValidator(_theme)]
OrganizationName = Annotated[str, Field(pattern=f"^{ORGANIZATION_PATTERN}$")]
EnvironmentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")]


class Settings(BaseModel):
    """The keys of the configuration file. Each has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)

    organization: OrganizationName = Field(
        default="acme",
        description="1 to 40 lower-case letters, digits and hyphens, beginning and ending with a "
        "letter or digit",
    )
    environment: str = Field(
        default="uat", description="the name of one of the configured environments"
    )
    environments: dict[EnvironmentName, EnvironmentSettings] = Field(
        default_factory=lambda: dict(_BUILT_IN_ENVIRONMENTS),  # type: ignore[arg-type]
        min_length=1,
        description="tables [environments.NAME], NAME being up to 20 lower-case letters, digits "
        "and hyphens",
    )
    rotation_days: int = Field(
        default=90, ge=1, le=3650, description="a whole number of days from 1 to 3650"
    )
    bcrypt_cost: int = Field(default=10, ge=10, le=16, description="a whole number from 10 to 16")
    clipboard: Literal["auto", "osc52", "tmux", "native", "none"] = Field(
        default="auto", description='one of "auto", "osc52", "tmux", "native" and "none"'
    )
    clear_clipboard_after: int = Field(
        default=0, ge=0, le=3600, description="a whole number of seconds up to 3600; 0 means never"
    )
    conceal_secret_after: int = Field(
        default=300, ge=10, le=3600, description="a whole number of seconds from 10 to 3600"
    )
    theme: Theme = Field(
        default="auto",
        description='"auto", "dark", "light" or the name of a theme that the command palette '
        'lists, such as "credtui-light"',
    )
    frugal_output: bool = Field(default=True, description="true or false")
    store: StoreSettings = Field(
        default=StoreSettings(),
        description=f"a table [store] with keys among {', '.join(StoreSettings.model_fields)}",
    )
    server: ServerSettings = Field(
        default=ServerSettings(),
        description=f"a table [server] with keys among {', '.join(ServerSettings.model_fields)}",
    )

    @model_validator(mode="before")
    @classmethod
    def _complete_built_in_environments(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("environments"), dict):
            environments = {
                name: {**_BUILT_IN_ENVIRONMENTS.get(name, {}), **table}
                if isinstance(table, dict)
                else table
                for name, table in data["environments"].items()
            }
            return {**data, "environments": environments}
        return data

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.environment not in self.environments:
            names = ", ".join(self.environments)
            raise ValueError(
                f"environment must be one of: {names}; not {quotable(repr(self.environment))}"
            )
        tags = [environment.tag for environment in self.environments.values()]
        if len(set(tags)) < len(tags):
            raise ValueError("environments must have different tags")
        return self

    def find_environment(self, name: str) -> Environment:
        """Return the configured environment with this name."""
        return Environment(name=name, **self.environments[name].model_dump())


_TABLES: Mapping[str, type[BaseModel]] = {"server": ServerSettings, "store": StoreSettings}


def load_settings(
    file: Path,
    *,
    environ: Mapping[str, str] = os.environ,
    flags: Mapping[str, str | None] | None = None,
) -> Settings:
    """Return the settings.

    Args:
        file: The configuration file, which need not exist.
        environ: Environment variables. CREDTUI_ORGANIZATION, CREDTUI_ENVIRONMENT, CREDTUI_THEME and
            CREDTUI_STORE_URL are read.
        flags: The values of the flags --organization and --environment; None for a flag that wasn't
            given.

    Raises:
        InvalidConfigurationError: A key or value isn't allowed.
    """
    values = _read(file)
    sources = dict.fromkeys(values, str(file))
    for key in ("organization", "environment", "theme"):
        variable = f"CREDTUI_{key.upper()}"
        if environ.get(variable):
            values[key], sources[key] = environ[variable], f"environment variable {variable}"
        if flags and (value := flags.get(key)) is not None:
            values[key], sources[key] = value, f"flag --{key}"
    table = values.get("store", {})
    if (url := environ.get(STORE_URL)) and isinstance(table, dict):
        values["store"] = {**table, "url": url}
        sources["store.url"] = f"environment variable {STORE_URL}"
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        sentence = _sentence(problem)
        path = [str(part) for part in problem["loc"]] or [sentence.split()[0]]
        source = sources.get(".".join(path)) or sources.get(path[0]) or str(file)
        raise InvalidConfigurationError(f"{source}: {sentence}.") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        text = read_file(file).decode("utf-8-sig")
        import tomllib

        return tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError:
        raise InvalidConfigurationError(f"{file}: it must be UTF-8 text.") from None
    except (ValueError, RecursionError) as error:
        raise InvalidConfigurationError(f"{file}: it must be TOML: {error}.") from None
    except OSError as error:
        raise InvalidConfigurationError(f"{file}: {(error.strerror or '').lower()}.") from None


def _sentence(problem: ErrorDetails) -> str:
    """Return a sentence about an error of pydantic: which key is wrong, and what is allowed."""
    location = [str(part) for part in problem["loc"] if part != "[key]"]
    if not location:
        return str(problem["msg"]).removeprefix("Value error, ")
    key = quotable(".".join(location))
    model: type[BaseModel] = Settings
    name = location[0]
    if location[0] == "environments" and len(location) > 2:
        model, name = EnvironmentSettings, location[2]
    elif location[0] in _TABLES and len(location) > 1:
        model, name = _TABLES[location[0]], location[1]
    fields = model.model_fields
    if problem["type"] == "extra_forbidden":
        return f"unknown key {key}; allowed are {', '.join(fields)}"
    if problem["type"] == _SENTENCE:
        return f"{key} {problem['msg']}"
    allowed = fields[name].description
    if problem["type"] == "missing":
        return f"{key} is missing; it must be {allowed}"
    return f"{key} must be {allowed}; not {quotable(repr(problem['input']), 80)}"
