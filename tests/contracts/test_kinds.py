"""A new kind is one module: everything that lists kinds finds it there."""

import subprocess
import sys
from pathlib import Path

from contracts.recommendation import TRAITS, Kind

MODULE = """
from datetime import timedelta
from contracts.traits import Traits

TRAITS = Traits(9, "Exhibitions", ("exhibition", "exhibitions"), ("title",), timedelta(days=30))
"""
PROGRAM = """
import sys
from contracts import kinds

kinds.__path__.append(sys.argv[1])
from contracts.recommendation import Item, Kind
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from services.recommender.core.catalogue import Catalogue
from services.recommender.importing.importer import kind_named

kind = kind_named("Exhibitions")
document = create_app(GatewaySettings()).openapi()
print(kind, list(Kind)[-1], kind in document["components"]["schemas"]["Kind"]["enum"])
print(len(Catalogue().shelves[kind].ids), Item(id="exhibition:a", kind="exhibition", title="A").kind)
"""


def test_kinds_stand_in_the_order_of_their_places():
    places = [traits.place for traits in TRAITS.values()]
    assert list(TRAITS) == list(Kind)
    assert places == sorted(set(places))


def test_a_module_is_all_that_a_new_kind_needs(tmp_path: Path):
    (tmp_path / "exhibition.py").write_text(MODULE)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    output = subprocess.check_output(command, text=True)
    assert output.split() == ["exhibition", "exhibition", "True", "0", "exhibition"]
