"""What a person said, and what is believed of them, over real gRPC and a real database."""

from typing import Any

from contracts.pb.emoverse.v1 import recommender_pb2 as pb
from contracts.pb.emoverse.v1.recommender_pb2_grpc import RecommenderServiceStub
from tests.recommender.support import DEADLINE_S
from tests.recommender.test_servicer import failure, feedback, recommend


async def call(method: Any, request: Any) -> Any:
    return await method(request, timeout=DEADLINE_S)


async def say(stub: RecommenderServiceStub, item: str, action: str, key: str) -> None:
    await call(stub.GiveFeedback, feedback(item, action=action, idempotency_key=key))


async def listed(stub: RecommenderServiceStub, **fields: Any) -> list[tuple[str, str]]:
    answer = await call(stub.ListFeedback, pb.ListFeedbackRequest(user_id="ada", **fields))
    return [(each.item.id, each.action) for each in answer.said]


async def test_the_last_word_on_each_item_counts_and_pages_follow_one_another(stub: RecommenderServiceStub):
    a, b, c = (pick.item.id for pick in (await recommend(stub, count=3)).picks)
    for number, (item, action) in enumerate([(a, "like"), (b, "save"), (c, "like"), (a, "dislike"), (b, "play")]):
        await say(stub, item, action, str(number))
    assert await listed(stub) == [(a, "dislike"), (c, "like"), (b, "save")]
    assert await listed(stub, actions=["like"]) == [(c, "like")]
    first = await call(stub.ListFeedback, pb.ListFeedbackRequest(user_id="ada", count=2))
    rest = pb.ListFeedbackRequest(user_id="ada", count=2, page_token=first.next_page_token)
    (last,) = (await call(stub.ListFeedback, rest)).said
    assert (last.item.id, last.item.title != "") == (b, True)
    assert await listed(stub) == await listed(stub, count=100)
    assert list((await call(stub.ListFeedback, pb.ListFeedbackRequest(user_id="bob"))).said) == []
    odd = pb.ListFeedbackRequest(user_id="ada", actions=["play"])
    assert (await failure(call(stub.ListFeedback, odd))).code == "unknown_choice"
    forged = pb.ListFeedbackRequest(user_id="ada", page_token="x" * 9)
    assert (await failure(call(stub.ListFeedback, forged))).code == "invalid_page"


async def test_what_is_taken_back_is_unlearned(stub: RecommenderServiceStub):
    picks = (await recommend(stub, kind="movie", count=3)).picks
    assert not (await call(stub.GetTaste, pb.GetTasteRequest(user_id="ada"))).beliefs
    await say(stub, picks[0].item.id, "like", "liked")
    await say(stub, picks[1].item.id, "dislike", "disliked")
    taste = await call(stub.GetTaste, pb.GetTasteRequest(user_id="ada"))
    assert taste.learned_from == 2
    assert {belief.liking > 0 for belief in taste.beliefs} == {True, False}
    strengths = [abs(belief.liking) for belief in taste.beliefs]
    assert strengths == sorted(strengths, reverse=True)
    keys = {said.idempotency_key for belief in taste.beliefs for said in belief.because}
    assert keys == {"liked", "disliked"}
    for key in sorted(keys):
        undo = pb.UndoFeedbackRequest(user_id="ada", idempotency_key=key)
        assert not (await call(stub.UndoFeedback, pb.UndoFeedbackRequest(user_id="bob", idempotency_key=key))).undone
        assert (await call(stub.UndoFeedback, undo)).undone
        assert not (await call(stub.UndoFeedback, undo)).undone
    assert (await call(stub.GetTaste, pb.GetTasteRequest(user_id="ada"))).learned_from == 0
    assert await listed(stub) == []


async def test_a_person_asks_for_more_of_something_and_is_told_so(stub: RecommenderServiceStub):
    before = (await recommend(stub, kind="movie", count=10)).picks
    creator = before[-1].item.creators[0]
    asked: dict[str, Any] = {"user_id": "ada", "group": "creator", "value": creator}
    for changed in (True, False):
        answer = await call(stub.CorrectTaste, pb.CorrectTasteRequest(**asked, word="more"))
        assert answer.changed == changed
    (belief,) = (await call(stub.GetTaste, pb.GetTasteRequest(user_id="ada"))).beliefs
    assert (belief.group, belief.value, belief.word, list(belief.because)) == ("creator", creator, "more", [])
    (first, *_) = (await recommend(stub, kind="movie", count=10)).picks
    assert creator in first.item.creators
    assert (first.why[0].code, dict(first.why[0].about)) == ("asked_for", {"group": "creator", "value": creator})
    assert (await call(stub.CorrectTaste, pb.CorrectTasteRequest(**asked))).changed
    assert not (await call(stub.GetTaste, pb.GetTasteRequest(user_id="ada"))).beliefs
    assert [pick.item.id for pick in (await recommend(stub, kind="movie", count=10)).picks[:3]] == [
        pick.item.id for pick in before[:3]
    ]
    for odd, code in (({"value": "nobody"}, "unknown_feature"), ({"word": "much"}, "unknown_choice")):
        refused = pb.CorrectTasteRequest(**({**asked, "word": "more"} | odd))
        assert (await failure(call(stub.CorrectTaste, refused))).code == code
