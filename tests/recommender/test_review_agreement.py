"""Stars beside sentiment, from files as they are published."""

from pathlib import Path

import pytest

from servicekit.errors import InvalidInputError
from services.recommender.evaluation.reviews import agreement, read_reviews, table
from services.recommender.importing.errors import MissingColumnsError
from tests.recommender.importing.support import write

GOOD = [f'tt000000{n % 3},9,"Wonderful and warm. I loved it {n} times."' for n in range(12)]
BAD = [f'tt000000{n % 3},2,"Awful, dull, cruel. I hated it {n} times."' for n in range(12)]


def test_praise_with_many_stars_and_complaint_with_few_agree(tmp_path: Path):
    path = write(tmp_path / "r.csv", "imdb_id,rating,text", *GOOD, *BAD, "tt1,11,Too many.", "tt1,,None.", "tt1,5,")
    report = agreement(read_reviews(path))
    assert (report["reviews"], report["films"]) == (24, 3)
    assert report["of_reviews"]["sentences"]["auc"] == 1.0
    assert report["of_reviews"]["sentences"]["rank_correlation"] > 0.8
    assert report["gain_of_sentences"] == {"auc": 0.0, "interval": [0.0, 0.0]}
    assert "24 reviews of 3 films" in table(report)


def test_stars_given_the_wrong_way_round_disagree(tmp_path: Path):
    swapped = [row.replace(",9,", ",1,") for row in GOOD] + [row.replace(",2,", ",10,") for row in BAD]
    report = agreement(read_reviews(write(tmp_path / "r.csv", "imdb_id,rating,text", *swapped)))
    assert report["of_reviews"]["sentences"]["auc"] == 0.0
    assert report["of_films"]["sentences"]["rank_correlation"] <= 1.0


def test_files_without_stars_or_with_too_few_reviews_are_told(tmp_path: Path):
    with pytest.raises(MissingColumnsError, match="rating"):
        read_reviews(write(tmp_path / "r.csv", "imdb_id,text", "tt1,Good."))
    with pytest.raises(InvalidInputError, match="fewer than 10"):
        read_reviews(write(tmp_path / "r.csv", "imdb_id,rating,text", *GOOD))
