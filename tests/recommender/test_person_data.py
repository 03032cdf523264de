"""What is kept of a person is handed over whole, and deleted whole."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import String, func, select

from contracts.mood import MoodState
from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.recommendation import FeedbackAction, Kind, TasteWord
from servicekit.database import Database
from services.recommender import people_store, person_data
from services.recommender.catalogue.records import STARTER_SOURCE
from services.recommender.core.catalogue import Feature
from services.recommender.migration import load_starter, migrate
from services.recommender.people_store import Exposure, Feedback, MoodWord, Review, Sitting, TasteCorrection
from services.recommender.recommender import Recommender
from services.recommender.schema import Base, ItemRow, ReviewRow
from services.recommender.tasks import score_reviews
from tests.recommender.conftest import OpenService
from tests.recommender.support import DEADLINE_S, NOON, POLICY


async def told(stub: Any, user_id: str) -> str:
    """Have somebody see a list, like an item and review it; returns the item."""
    listed = await stub.Recommend(pb.RecommendRequest(user_id=user_id, kind="movie", count=3), timeout=DEADLINE_S)
    item = listed.picks[0].item.id
    given: dict[str, Any] = {"user_id": user_id, "item_id": item, "idempotency_key": "1"}
    await stub.GiveFeedback(pb.GiveFeedbackRequest(**given, action="like"), timeout=DEADLINE_S)
    await stub.AddReview(pb.AddReviewRequest(**given, text="Fine."), timeout=DEADLINE_S)
    return item


async def exported(stub: Any, user_id: str) -> dict[str, Any]:
    pieces = stub.ExportPerson(pb.ExportPersonRequest(user_id=user_id), timeout=DEADLINE_S)
    return json.loads("".join([piece.json async for piece in pieces]))


async def test_a_person_gets_everything_that_is_kept_of_them_and_nothing_of_others(open_recommender: OpenService):
    async with open_recommender() as opened:
        stub: Any = opened  # its types know only the blocking call
        item = await told(stub, "ada")
        await told(stub, "grace")
        kept = await exported(stub, "ada")
        assert [row["action"] for row in kept["feedback"]] == ["like"]
        assert [(row["item_id"], row["text"]) for row in kept["review"]] == [(item, "Fine.")]
        assert item in {row["item_id"] for row in kept["shown"]}
        assert {row["user_id"] for rows in kept.values() for row in rows if "user_id" in row} == {"ada"}


async def test_a_person_gets_more_than_one_message_may_hold(open_recommender: OpenService, database: Database):
    texts = [f"{number}: {'€' * 10_000}" for number in range(200)]
    with database.writing() as connection:
        item = connection.scalar(select(ItemRow.id).limit(1)) or ""
        for number, text in enumerate(texts):
            people_store.add_review(connection, Review("ada", item, text, str(number)), NOON)
    async with open_recommender() as opened:
        kept = await exported(opened, "ada")
        assert {row["text"] for row in kept["review"]} == set(texts)


async def test_who_asks_to_be_forgotten_is_and_others_stay(open_recommender: OpenService):
    async with open_recommender() as opened:
        stub: Any = opened  # its types know only the blocking call
        for user_id in ("ada", "grace"):
            await told(stub, user_id)
        reply = await stub.ForgetPerson(pb.ForgetPersonRequest(user_id="ada"), timeout=DEADLINE_S)
        assert reply.deleted >= 4
        # A fresh list that was on its way may be noted as shown afterwards; the gateway asks twice for that reason.
        said = {name: rows for name, rows in (await exported(stub, "ada")).items() if name != "shown"}
        assert not any(said.values())
        assert (await exported(stub, "grace"))["review"]


def test_a_forgotten_person_is_in_no_column_of_any_table(database: Database):
    with database.writing() as connection:
        for user_id in ("ada", "grace"):
            item = connection.scalar(select(ItemRow.id).limit(1)) or ""
            people_store.add_feedback(connection, Feedback(user_id, item, FeedbackAction.LIKE, "1", NOON), None, NOON)
            people_store.add_review(connection, Review(user_id, item, "Fine.", "2"), NOON)
            people_store.add_correction(connection, MoodWord(user_id, MoodState.SAD, "3"), None, NOON)
            less = TasteCorrection(user_id, Feature("genre", "jazz"), TasteWord.LESS)
            people_store.say_of_feature(connection, less, NOON)
            sitting = Sitting(NOON, timedelta(hours=1))
            people_store.log_shown(connection, [Exposure(user_id, sitting, NOON, {item: None})])
        assert person_data.forget_person(connection, "ada") == 6
        assert person_data.forget_person(connection, "ada") == 0
    with database.reading() as connection:
        assert not any(person_data.export_person(connection, "ada").values())
        assert all(person_data.export_person(connection, "grace").values())
        for column in (column for table in Base.metadata.sorted_tables for column in table.c):
            if isinstance(column.type, String):
                query = select(func.count()).select_from(column.table).where(column == "ada")
                assert connection.scalar(query) == 0, f"{column} still names the person"


def film(database: Database) -> Any:
    """A film of the starter catalogue that nobody has reviewed, as it lies in the table."""
    with database.reading() as connection:
        reviewed = select(ReviewRow.item_id).where(ReviewRow.source == STARTER_SOURCE)
        query = select(ItemRow.metadata.tables["item"]).where(ItemRow.kind == Kind.MOVIE, ItemRow.id.not_in(reviewed))
        return connection.execute(query.order_by(ItemRow.id)).first()


def test_what_a_forgotten_person_wrote_no_longer_moves_the_film(fresh: Database):
    migrate(fresh)
    load_starter(fresh)
    before = film(fresh)
    for user_id, said in (("ada", "Horrible, awful, I hate it."), ("grace", "Lovely, I enjoyed every minute.")):
        with fresh.writing() as connection:
            people_store.add_review(connection, Review(user_id, before.id, said, "1"), NOON)
    score_reviews(fresh)
    moved = film(fresh)
    recommender = Recommender(fresh, POLICY, lambda: NOON)
    recommender.refresh()
    recommender.forget_person("ada")
    assert film(fresh).review_count == 1
    assert film(fresh).valence > moved.valence
    assert not recommender.is_current()
    recommender.forget_person("grace")
    assert film(fresh) == before


def test_every_table_that_names_people_is_covered(empty_database: Database):
    with empty_database.reading() as connection:
        covered = set(person_data.export_person(connection, "ada"))
    keys = [key for table in Base.metadata.sorted_tables for key in table.foreign_keys]
    named = {key.parent.table.name for key in keys if key.column.table.name == "person"}
    assert covered >= named | {"person", "feedback", "review", "shown"}
