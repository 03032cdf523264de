"""What the page translates must be what the starter catalogue says."""

import csv
import re
from pathlib import Path

from services.gateway.pages import DIST

STEPS = DIST.parent / "src" / "words" / "steps-de.ts"
ACTIVITIES = Path("services/recommender/catalogue/starter/wellbeing.csv")


def test_every_activity_of_the_starter_catalogue_has_as_many_steps_in_german():
    german = dict(re.findall(r'"([a-z-]+)":\s+"(.+)",', STEPS.read_text()))
    with ACTIVITIES.open(newline="") as file:
        english = {row["id"].removeprefix("wellbeing:"): row["steps"] for row in csv.DictReader(file)}
    assert german.keys() == english.keys()
    assert {key: len(steps.split("|")) for key, steps in german.items()} == {
        key: len(steps.split("|")) for key, steps in english.items()
    }
