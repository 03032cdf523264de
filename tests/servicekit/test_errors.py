import pickle

from servicekit.errors import OverloadedError
from services.recommender.errors import UnknownChoiceError


def test_an_error_comes_whole_out_of_another_process():
    error = pickle.loads(pickle.dumps(UnknownChoiceError("kind", "paintings", ["music", "movie"])))  # noqa: S301  (our own)
    assert type(error) is UnknownChoiceError
    assert str(error) == "There is no kind 'paintings'. Choose one of: music, movie."
    assert error.code == "unknown_choice"
    assert error.args == ("There is no kind 'paintings'.",)
    again = pickle.loads(pickle.dumps(OverloadedError("Full.", "Wait.", retry_after_s=2.5)))  # noqa: S301
    assert again.retry_after_s == 2.5
