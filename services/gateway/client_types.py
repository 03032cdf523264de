"""`python -m services.gateway.client_types`: the TypeScript types of the web app, from the gateway's OpenAPI."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings

WEB: Final = Path(__file__).parent / "web"
TYPES: Final = WEB / "src" / "api" / "schema.d.ts"


def generate() -> str:
    """The types, as openapi-typescript writes them; needs the web app's node_modules."""
    document = json.dumps(create_app(GatewaySettings()).openapi())
    node = Path(sys.executable).with_name("node")
    command = [node, WEB / "node_modules" / "openapi-typescript" / "bin" / "cli.js"]
    made = subprocess.run(command, cwd=WEB, input=document, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    return made.stdout


def main(check: Annotated[bool, typer.Option(help="Compare instead of writing.")] = False) -> None:
    """Regenerate the types."""
    fresh = generate()
    if not check:
        TYPES.write_text(fresh)
    elif not TYPES.exists() or TYPES.read_text() != fresh:
        sys.exit(f"{TYPES.name} differs from the gateway's OpenAPI. Run `make stubs` and commit the result.")


if __name__ == "__main__":
    typer.run(main)
