"""A starting design from an example that comes with citynet, or from a blank sheet."""

from __future__ import annotations

import re
from pathlib import Path

import citynet
from citynet.design.reader import design_files
from citynet.design.types import NAME_PATTERN
from citynet.errors import InputError, Lack, LackingError, Problem, did_you_mean
from citynet.imports.writing import plain, quoted

BLANK = "blank"
DEFAULT = "mini"
_CITY = re.compile(r"^city:.*$", re.MULTILINE)
_TITLE = re.compile(r"^title:.*$", re.MULTILINE)


def examples() -> dict[str, Path]:
    """Every example by its name, and the folder or file that holds it; in a broken installation only the blank one."""
    package = Path(citynet.__file__).resolve().parent
    folder = next((place for place in (package / "_labs", package.parent.parent / "labs") if place.is_dir()), None)
    found = {
        place.name: place
        for place in sorted(folder.iterdir() if folder else ())
        if (place / "design.yml").is_file() or (place / "design").is_dir()
    }
    return {BLANK: Path(__file__).parent / "blank.yml", **found}


def check_name(city: str, option: str) -> None:
    """See that a city may be called so.

    Raises:
        InputError: It may not.
    """
    if not re.fullmatch(NAME_PATTERN, city):
        expected = "lower-case letters, digits and '-', a letter first, 40 at most"
        raise InputError([Problem(option, 0, f"'{city}' is no name of a city", expected, rule="import")])


def texts(example: str, city: str, title: str) -> dict[str, str]:
    """The files of an example by their path in its folder, under another name.

    Args:
        example: One of `examples()`.
        city: Short name of the new city.
        title: Its name for people.

    Raises:
        InputError: There is no such example.
        LackingError: This installation came without examples.
    """
    known = examples()
    if example == DEFAULT and DEFAULT not in known:
        hint = "pip install --force-reinstall citynet"
        raise LackingError([Lack("the folder of examples", "starting a design from one", hint)])
    if example not in known:
        hint = did_you_mean(example, known)
        raise InputError([Problem("--from", 0, f"no example '{example}'", ", ".join(known), hint, rule="import")])
    place = known[example]
    found: dict[str, str] = {}
    for file in design_files(place).joined:
        name = "design.yml" if place.is_file() else str(file.relative_to(place))
        found[name] = _renamed(file.read_text(encoding="utf-8"), city, title)
    if (place / "design").is_dir():
        areas = sorted((place / "design").rglob("*.geojson"))
        found |= {str(file.relative_to(place)): file.read_text(encoding="utf-8") for file in areas}
    return found


def _renamed(text: str, city: str, title: str) -> str:
    text = _CITY.sub(lambda _: f"city: {plain(city)}", text, count=1)
    return _TITLE.sub(lambda _: f"title: {quoted(title)}", text, count=1)
