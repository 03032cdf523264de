"""`python -m services.gateway` serves HTTP until it is told to stop; `... migrate` makes its tables,
`... operator NAME` adds somebody who may operate the system, and `... demo-token` lets the drawn person stream."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated
from uuid import uuid4

import typer

from servicekit.errors import EmoVerseError
from servicekit.lifecycle import run_service
from servicekit.logs import configure_logging
from servicekit.migration import migrate as migrate_tables
from servicekit.migration import when_reachable
from servicekit.settings import load_settings
from services.gateway.accounts.opening import add_operator
from services.gateway.accounts.schema import MIGRATIONS
from services.gateway.accounts.tokens import Claims, Purpose, Signer
from services.gateway.app import create_app
from services.gateway.server import fastest_loop, serving
from services.gateway.settings import GatewaySettings

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="HTTP and live updates.")


@cli.callback(invoke_without_command=True)
def serve(context: typer.Context) -> None:
    """Serve HTTP, unless a command is given."""
    if context.invoked_subcommand is None:
        settings = _settings()
        run_service(lambda: serving(create_app(settings), settings), fastest_loop())


@cli.command()
def migrate() -> None:
    """Bring the gateway's tables up to date, then end."""
    _told(partial(when_reachable, _settings().database_url, partial(migrate_tables, migrations=MIGRATIONS)))


@cli.command()
def operator(
    name: Annotated[str, typer.Argument(help="3 to 64 of letters, digits, '.', '_', '-' and '@'.")],
    password: Annotated[str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True)],
) -> None:
    """Add an operator. The password is asked for; there is no default one."""
    _told(partial(add_operator, _settings(), name, password))


@cli.command()
def demo_token() -> None:
    """Print the token for the camera of the drawn person, who has no account; good for a year."""
    settings = _settings()
    if settings.demo_user is None:
        typer.echo("There is no demo person: set GATEWAY_DEMO_USER.", err=True)
        raise typer.Exit(2)
    now = datetime.now(UTC)
    claims = Claims(uuid4().hex, settings.demo_user, now + timedelta(days=365))
    typer.echo(Signer(settings.token_secret.get_secret_value(), Purpose.DEVICE).sign(claims))


def _settings() -> GatewaySettings:
    settings = load_settings(GatewaySettings)
    configure_logging("gateway", settings.log_level, settings.log_format)
    return settings


def _told(work: Callable[[], object]) -> None:
    """Do it; end with status 1 and one line where something fails that somebody can act on."""
    try:
        work()
    except EmoVerseError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    cli()
