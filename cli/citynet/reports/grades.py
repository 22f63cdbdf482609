"""The one table of encryption as Markdown, in both languages: printed from `design/grades.py`, never by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.grades import GRADES, LINES, SERVICES, ServiceGrade, suite
from citynet.design.types.words import DataClass, Level
from citynet.levels.text import t

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.design.grades import LineGrade
    from citynet.levels.text import Language

_NONE = t("none", "无")
_CLASSES = {
    DataClass.PUBLIC: t("public", "公开数据"),
    DataClass.COMMERCIAL: t("commercial", "商业价值数据"),
    DataClass.IMPORTANT: t("important", "重要数据"),
    DataClass.CORE: t("core", "核心数据"),
}
_GRADES = {
    "light": t("light", "light（轻量）"),
    "strong": t("strong", "strong（增强）"),
    "full": t("full", "full（全量）"),
}
_WORDS = {
    "level": t("encryption of level", "加密等级"),
    "lines": t("lines between sites", "站点间线路"),
    "grade": t("grade", "档次"),
    "level_short": t("level", "等级"),
    "suite": t("international: IKEv2, ESP", "international：IKEv2、ESP"),
    "integrity": t("integrity", "完整性"),
    "keys": t("keys", "密钥"),
    "quantum": t("against quantum computers", "抗量子"),
    "national": t("national: ESP by the key agent", "national：密钥代理建立的 ESP"),
}
_KEYS = {
    "vault": t("CAK from the vault", "保管库提供的 CAK"),
    "qkd": t("CAK from QKD", "QKD 提供的 CAK"),
    "certificates": t("certificates", "证书"),
    "ppk": t("certificates, PPK from QKD", "证书，QKD 提供的 PPK"),
    "sm4-vault": t("vault", "保管库"),
    "sm4-qkd": t("QKD", "QKD"),
}


def grades(language: Language = "en") -> str:
    """What lines and classes of data have at each level, then what each grade is made of."""
    return f"{_due(language)}\n\n{_made_of(language)}\n"


def _due(language: Language) -> str:
    headings = [_say("level", language), _say("lines", language), *(_CLASSES[one].say(language) for one in DataClass)]
    rows = [
        [
            level.value,
            _line(LINES[level], language),
            *(_grade(SERVICES[level].get(data), language) for data in DataClass),
        ]
        for level in Level
    ]
    return _table(headings, rows)


def _line(grade: LineGrade | None, language: Language) -> str:
    if grade is None:
        return _NONE.say(language)
    return f"MACsec {grade.cipher.upper()}, {_KEYS[grade.source].say(language)}"


def _grade(name: str | None, language: Language) -> str:
    return (_GRADES[name] if name else _NONE).say(language)


def _made_of(language: Language) -> str:
    words = ("grade", "level_short", "suite", "integrity", "keys", "quantum", "national")
    return _table([_say(word, language) for word in words], _suites(language))


def _suites(language: Language) -> Iterator[list[str]]:
    """A row for each grade and the levels at which it is made of the same."""
    for name in GRADES:
        groups: list[tuple[tuple[ServiceGrade, ServiceGrade], list[Level]]] = []
        for level in Level:
            both = suite(name, level, "international"), suite(name, level, "national")
            if groups and groups[-1][0] == both:
                groups[-1][1].append(level)
            else:
                groups.append((both, [level]))
        for (one, national), levels in groups:
            span = levels[0].value if len(levels) == 1 else f"{levels[0].value}–{levels[-1].value}"
            keys = _KEYS["ppk" if one.ppk else "certificates"].say(language)
            quantum = " + ".join(word for word, has in (("ML-KEM-768", one.ml_kem), ("PPK", one.ppk)) if has)
            sm4 = f"`{national.esp}`, {_KEYS[f'sm4-{national.source}'].say(language)}"
            yield [
                _GRADES[name].say(language),
                span,
                f"`{one.ike}`, `{one.esp}`",
                str(one.integrity_bits),
                keys,
                quantum or "–",
                sm4,
            ]


def _say(word: str, language: Language) -> str:
    return _WORDS[word].say(language)


def _table(headings: list[str], rows: Iterable[list[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
