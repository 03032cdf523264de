from pathlib import Path

from contracts import generate


def test_the_committed_stubs_are_what_the_protos_give(tmp_path: Path):
    generate.generate(tmp_path)
    fresh = {p.relative_to(tmp_path): p.read_text() for p in tmp_path.rglob("*.py*") if "__pycache__" not in p.parts}
    committed = {
        p.relative_to(generate.STUBS): p.read_text()
        for p in generate.STUBS.rglob("*.py*")
        if "__pycache__" not in p.parts
    }
    assert committed == fresh
