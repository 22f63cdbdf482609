"""`citynet path`: what it says of the cities in `labs/`."""

from __future__ import annotations

import json

import pytest

from citynet.__main__ import main
from tree import ROOT

WUHAN = str(ROOT / "labs" / "wuhan")


def explained(capsys: pytest.CaptureFixture[str], word: str) -> dict:
    assert main(["path", "explain", WUHAN, "data-bureau-1", "xinzhou-1", "--as", word, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_three_classes_of_data_take_three_paths(capsys: pytest.CaptureFixture[str]) -> None:
    found = {word: explained(capsys, word) for word in ("default", "commercial", "core")}
    assert len({tuple(one["chosen"][0]["nodes"]) for one in found.values()}) == 3
    quickest = found["commercial"]["chosen"][0]["delay_ms"]
    assert all(one["chosen"][0]["delay_ms"] >= quickest for one in found.values())
    assert found["core"]["chosen"][0]["trust"] == 2
    assert found["core"]["backup"]["trust"] == 2
    for one in found.values():
        assert len(one["next_best"]) == 2
        assert all(path["why"] for path in one["next_best"])


def test_a_refused_path_is_named_with_its_bound(capsys: pytest.CaptureFixture[str]) -> None:
    main(["path", "explain", str(ROOT / "labs/transport"), "tax-1", "data-bureau-1", "--as", "guarded"])
    said = capsys.readouterr().out
    assert "the most trusted: 2 at its weakest" in said
    assert "backup: gov-pe-east > gov-core-a > gov-pe-west" in said


@pytest.mark.parametrize("words", [("nobody", "tax-1"), ("tax-1", "hospital-1"), ("tax-1", "tax-1")])
def test_ends_that_no_path_joins_are_refused(words: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["path", "explain", str(ROOT / "labs/transport"), *words]) == 2
    assert capsys.readouterr().err


def test_show_lists_every_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["path", "show", str(ROOT / "labs/transport"), "--json"]) in {0, None}
    rows = json.loads(capsys.readouterr().out)
    found = {(row["from"], row["path"]) for row in rows}
    assert found >= {("gov-pe-west", "fast gov-pe-east"), ("cross-pe-east", "wide cross-pe-west")}
