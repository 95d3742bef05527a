"""The report: the same tree gives the same bytes, in both languages, safe to read anywhere."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import date
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from custode.core import symptoms, teamviewer
from custode.core.errors import UsageError
from custode.core.git_tree import tree_id
from custode.core.run_record import INTERRUPTED
from custode.core.services import SERVICES, ServiceStanding
from custode.core.standing import State
from custode.core.store_layout import load_ledger
from custode.edges.policies import load_policies
from custode.flows import report
from custode.flows.report.words import _catalogue, words

OCTOBER = "2026-10-05T07:00:00Z"
NOVEMBER = "2026-11-09T08:00:00Z"
MONTH = date(2026, 11, 1)
ALL = list(product(report.LANGUAGES, report.FORMATS))

Office = Any


@pytest.fixture
def tree(office: Office) -> dict[str, bytes]:
    """October: two PCs fine, one off. November: antivirus gone, disk failing, one away."""
    office.visit(
        "onboard",
        OCTOBER,
        {"event": "changed", "host": "desk", "role": "owncloud", "task": "Install"},
        {"event": "step_opened", "host": "front", "product": "owncloud", "step": "sign_in"},
        office.seen("desk", OCTOBER),
        office.seen("front", OCTOBER, backup="unknown"),
        office.unreachable("laptop"),
    )
    evidence = {"disk": "<script>alert(1)</script> | *x*", "wear_percent": 3.25, "state": None}
    office.visit(
        "monthly",
        NOVEMBER,
        {"event": "changed", "host": "desk", "role": "cleanup", "task": "Clean"},
        office.seen("desk", NOVEMBER, antivirus="absent", disk="fail", observed=evidence),
        office.seen("front", NOVEMBER, backup="unknown"),
        office.unreachable("laptop"),
    )
    office.publish()
    return dict(office.store.read())


def render(tree: dict[str, bytes], language: str = "it", format_: str = "md") -> str:
    return report.render_report(tree, month=MONTH, language=language, format=format_)


@pytest.mark.parametrize(("language", "format_"), ALL)
def test_the_same_tree_gives_the_same_bytes(
    tree: dict[str, bytes], language: str, format_: str
) -> None:
    published = tree[f"reports/2026-11/report.{language}.{format_}"]

    assert render(tree, language, format_).encode() == published
    assert render(dict(reversed(tree.items())), language, format_).encode() == published


@pytest.mark.parametrize(("language", "format_"), ALL)
def test_a_past_month_can_be_told_again_from_a_later_tree(
    office: Office, tree: dict[str, bytes], language: str, format_: str
) -> None:
    """Only the id of the evidence moves on: it names the commit that it stands in."""
    name = f"reports/2026-10/report.{language}.{format_}"
    first = office.store.read("main~1")

    again = report.render_report(tree, month=date(2026, 10, 1), language=language, format=format_)

    old_id, new_id = tree_id(first, "devices"), tree_id(tree, "devices")
    assert again.replace(new_id, old_id).encode() == first[name]


def test_the_report_names_the_tree_that_git_will_name(
    office: Office, tree: dict[str, bytes]
) -> None:
    command = ["git", "-C", str(office.store.folder), "rev-parse", "HEAD:devices"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)

    assert done.stdout.strip() in render(tree)


def test_it_tells_who_when_and_under_which_terms(tree: dict[str, bytes]) -> None:
    text = render(tree)

    assert "Rapporto di assistenza, novembre 2026" in text
    assert r"Studio Verdi & \<Figli\>" in text
    assert "firmato il 21 settembre 2026, in vigore dal 1 ottobre 2026" in text
    assert "Antivirus: Norton. Copia dei dati: ownCloud 6.0.3." in text
    assert "| 9 novembre 2026, 09:00 | Visita mensile | tecnico | 2 su 3 |" in text
    assert "20261109T080000Z-monthly" in text


def test_it_tells_the_state_of_each_pc_and_why(tree: dict[str, bytes]) -> None:
    text = render(tree)

    assert "| desk | ! A rischio | rimosso | funzionante | 2 | 1 | 9 nov 2026 |" in text
    assert "per rimediare scade il 16 novembre 2026." in text
    assert "Pulizia dei file temporanei: una modifica" in text
    assert "(in sospeso dal 5 ottobre 2026" in text
    assert "Windows non ha fornito il dato necessario." in text


@pytest.mark.parametrize(
    ("freed", "words"),
    [
        (1503238554, "Pulizia: liberati 1,4 GiB; sul disco di sistema sono ora liberi 100 GiB."),
        (-7, "non si è liberato spazio misurabile; sul disco di sistema sono liberi 100 GiB."),
        (None, "non si sa quanto spazio si sia liberato"),
    ],
)
def test_what_became_free_is_told_and_the_registry_not_forgotten(
    office: Office, freed: int | None, words: str
) -> None:
    event = {
        "event": "cleaned",
        "host": "desk",
        "tool": "windows",
        "removed_count": 3,
        "removed_bytes": 9,
        "free_bytes_before": None,
        "free_bytes_after": None if freed is None else 100 << 30,
        "freed_bytes": freed,
        "registry": "not_cleaned",
    }
    office.visit("onboard", NOVEMBER, office.seen("desk", NOVEMBER), event)
    office.publish()

    tree = office.store.read()
    assert words in render(tree)
    assert "Il registro di sistema non è stato pulito" in render(tree)
    assert "The registry was not cleaned" in render(tree, "en", "html")
    ledger = load_ledger(tree, "desk")
    assert [freed] == [line["freed_bytes"] for line in ledger if line["entry"] == "cleaned"]


def test_a_pc_that_was_handed_back_is_closed_and_told_with_what_stays(office: Office) -> None:
    left = [{"what": "product", "name": "Norton", "why": "kept"}]
    removed = [{"what": "folder", "name": "C:\\Program Files\\Custode"}]
    events = [
        {"event": "handed_back", "host": "desk", "removed": removed, "left": left},
        {"event": "released", "host": "desk", "outcome": "released", "removed": None},
    ]
    office.visit("offboard", NOVEMBER, office.seen("desk", NOVEMBER), *events)
    office.publish()

    tree = office.store.read()
    text = render(tree)
    assert "| desk | ■ Concluso |" in text
    assert "Il PC è stato riconsegnato il 9 novembre 2026." in text
    assert "Lasciato sul PC: Norton (lo tiene il cliente)" in text
    assert "Handed back on 9 November 2026" in render(tree, "en", "html")
    assert "Fine del contratto: riconsegna" in text
    assert b'"devices/desk/handback.json"' not in text.encode()
    assert "devices/desk/handback.json" in tree


def teamviewer_facts(client_id: int) -> dict[str, Any]:
    key = "HKLM\\SOFTWARE\\TeamViewer"
    folder = "C:\\Program Files\\TeamViewer"
    row = {"key": key, "ClientID": client_id, "InstallationDirectory": folder}
    program = {"path": teamviewer.probes()[1]["paths"][0], "exists": True}
    return {
        teamviewer.REGISTRATION_PROBE: {"rows": [row]},
        teamviewer.PROGRAMS_PROBE: {"rows": [program]},
    }


def test_pcs_that_show_the_same_teamviewer_id_are_named_to_each_other(office: Office) -> None:
    ids = {"desk": 1234567890, "front": 1234567890, "laptop": 987654321}
    for at, known in ((NOVEMBER, ids), ("2026-12-07T08:00:00Z", {**ids, "front": 111222333})):
        looks = []
        for name, number in known.items():
            look = office.seen(name, at)
            look["payload"]["facts"] |= teamviewer_facts(number)
            looks.append(look)
        office.visit("monthly", at, *looks)
    office.publish()
    tree = office.store.read()
    december = report.render_report(tree, month=date(2026, 12, 1), language="en", format="md")

    assert "Questo PC ha lo stesso ID di TeamViewer di front: un disco è stato clonato" in render(
        tree
    )
    assert "This PC has the same TeamViewer ID as desk: a disk was cloned" in render(
        tree, "en", "html"
    )
    assert "same TeamViewer ID as laptop" not in render(tree, "en")
    # November is told as it was, and December as it is: the second PC got an ID of its own.
    assert "same TeamViewer ID" not in december


def test_why_a_check_is_unknown_is_told_in_the_rules_own_words(office: Office) -> None:
    event = office.seen("desk", NOVEMBER, antivirus="unknown")
    (unknown,) = [item for item in event["payload"]["findings"] if item["verdict"] == "unknown"]
    unknown["reason"]["words"] = {"it": "Manca il Centro sicurezza.", "en": "No Security Center."}
    office.visit("monthly", NOVEMBER, event)
    office.publish()

    text = render(office.store.read())

    assert "Perché non si sa: Manca il Centro sicurezza. (`products: no row`)" in text


def test_a_probe_that_failed_is_told_by_its_kind(office: Office) -> None:
    event = office.seen("desk", NOVEMBER, antivirus="unknown")
    (unknown,) = [item for item in event["payload"]["findings"] if item["verdict"] == "unknown"]
    unknown["reason"] = {"kind": "probe_error", "detail": "products: access_denied (0x5)"}
    office.visit("monthly", NOVEMBER, event)
    office.publish()

    assert "Windows ha negato la lettura del dato." in render(office.store.read())


def test_a_pc_that_was_not_seen_is_there_with_its_reason(tree: dict[str, bytes]) -> None:
    text = render(tree)

    assert "| laptop | … Da attivare | non accertato | non accertata | 0 | 0 | mai |" in text
    assert "Tentativo del 9 novembre 2026 (Visita mensile): il PC non rispondeva" in text


def test_it_lists_what_was_read_and_why(tree: dict[str, bytes]) -> None:
    line = "| Sapere se il disco è pieno. | `root/cimv2:Win32_LogicalDisk` |"

    assert line in render(tree)


def test_it_decides_nothing_legal(tree: dict[str, bytes]) -> None:
    assert "Non stabilisce responsabilità" in render(tree)
    assert "settles no liability" in render(tree, "en")


def test_what_a_pc_says_cannot_become_markup(tree: dict[str, bytes]) -> None:
    html, text = render(tree, format_="html"), render(tree)

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; | *x*" in html
    assert "Studio Verdi &amp; &lt;Figli&gt;" in html
    assert r"\<script\>alert(1)\</script\> \| \*x\*" in text


class _Outline(HTMLParser):
    """Collects what the checks below need; complains about tags that do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.headings: list[int] = []
        self.header_cells: list[dict[str, str | None]] = []
        self.language: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        if tag == "html":
            self.language = given.get("lang")
        if tag == "th":
            self.header_cells.append(given)
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        self.ids += [given["id"]] if given.get("id") else []
        self.links += [given["href"]] if tag == "a" and given.get("href") else []
        self.loaded += [value for name in ("src", "data") if (value := given.get(name))]
        assert tag not in {"script", "link", "img", "iframe", "object"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", report.LANGUAGES)
def test_the_page_is_whole_accessible_and_stands_alone(
    tree: dict[str, bytes], language: str
) -> None:
    html = render(tree, language, "html")
    page = _Outline()
    page.feed(html)

    assert page.open == []
    assert page.language == language
    assert page.loaded == []
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert all(cell.get("scope") in {"col", "row"} for cell in page.header_cells)
    assert page.headings[0] == 1
    steps = zip(page.headings, page.headings[1:], strict=False)
    assert all(after - before <= 1 for before, after in steps)
    assert "http" not in html
    assert "url(" not in html


def test_every_colour_on_its_ground_can_be_read() -> None:
    """WCAG AA: a contrast of at least 4.5 for each ink on each ground it is used on."""
    path = Path(report.__file__).parent / "templates" / "style.css"
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", path.read_text(encoding="utf-8")))
    inks = {name: ["paper", "wash"] for name in ("ink", "soft", "accent", "bad")}
    inks |= {name: ["paper", f"{name}-wash"] for name in ("good", "warn", "bad", "calm")}

    for ink, grounds in inks.items():
        for ground in grounds:
            assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def test_a_month_without_visits_is_named(tree: dict[str, bytes]) -> None:
    with pytest.raises(UsageError, match="no visit in 2026-12") as caught:
        report.render_report(tree, month=date(2026, 12, 1), language="it", format="md")

    assert "2026-10, 2026-11" in caught.value.hint


def test_an_unknown_language_or_format_is_named(tree: dict[str, bytes]) -> None:
    with pytest.raises(UsageError, match="no report in 'de' as 'md'"):
        render(tree, "de")


def test_all_well_is_one_sentence(office: Office, tmp_path: Path) -> None:
    alone = type(office)(tmp_path / "alone", devices=("desk",))
    alone.visit("onboard", NOVEMBER, alone.seen("desk", NOVEMBER))
    alone.publish()

    text = render(alone.store.read())

    assert "Il PC coperto dal contratto è in regola" in text
    assert "Da affrontare per primi" not in text


# The catalogues.


def _fields(text: Any) -> set[str]:
    forms = text.values() if isinstance(text, dict) else [text]
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name}


def test_both_languages_say_the_same_things() -> None:
    it, en = _catalogue("it"), _catalogue("en")

    assert it.keys() == en.keys()
    for key in it:
        # "One check failed" need not say the number.
        assert _fields(it[key]) - {"n"} == _fields(en[key]) - {"n"}, key
        assert isinstance(it[key], dict) == isinstance(en[key], dict), key


def test_every_kind_of_reason_has_words() -> None:
    kinds = {reason.kind for _, reason in symptoms._TABLE}
    kinds |= {"offline", "unreachable", "module_failure", "gate", INTERRUPTED["kind"]}

    assert {f"attempt.{kind}" for kind in kinds} <= _catalogue("it").keys()


def test_every_state_and_standing_has_words() -> None:
    keys = {f"{part}.{state}" for part in ("state", "meaning") for state in State}
    keys |= {f"standing.{name}.{item}" for name in SERVICES for item in ServiceStanding}

    assert keys <= _catalogue("it").keys()


def test_every_piece_of_evidence_that_a_rule_shows_has_words() -> None:
    rules = load_policies(Path(__file__).parents[2] / "policies").rules.values()
    names = {f"observed.{name}" for rule in rules for name in rule.observed}

    assert names <= _catalogue("it").keys()


@pytest.mark.parametrize("language", ["it", "en"])
def test_what_the_backup_rule_shows_is_in_words(language: str) -> None:
    texts = words(language, timezone="Europe/Rome").texts
    told = [key.split(".")[1:] for key in texts if key.startswith("backup.")]
    named = {word for key in told for word in key if len(key) == 2 and key[0] != "server"}

    assert {"broken", "late", "quota_full", "unknown"} < named
    assert [] == sorted(w for w in (named | {"working"}) - {"other"} if f"answer.{w}" not in texts)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "non noto"),
        (True, "sì"),
        (3.25, "3,25"),
        (19045, "19045"),
        ("2026-11-09T08:00:00Z", "9 novembre 2026, 09:00"),
        ("2025-10-14", "14 ottobre 2025"),
        ("expired", "abbonamento scaduto"),
        ("", "nessuno"),
        ([], "nessuno"),
        (["a", "b", "a"], "a, b"),
        ({"b": False, "a": 1}, "a: 1; b: no"),
    ],
)
def test_evidence_is_shown_as_a_reader_expects(value: Any, shown: str) -> None:
    assert words("it", timezone="Europe/Rome").evidence(value) == shown


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


BACKUP = {
    "state": "late",
    "why": "paused",
    "client": {"state": "late", "why": "paused", "folders": 2, "last_good_at": NOVEMBER},
    "server": {"says": "doubts", "why": "no_recent_login"},
}


@pytest.mark.parametrize(("language", "format_"), ALL)
def test_the_statement_about_the_backup_is_told_in_words(
    office: Office, language: str, format_: str
) -> None:
    seen = office.seen("desk", NOVEMBER)
    seen["payload"]["backup"] = BACKUP
    office.visit("monthly", NOVEMBER, seen, office.seen("front", NOVEMBER))
    office.publish()
    kept = json.loads(office.store.read()["runs/20261109T080000Z-monthly.json"])["hosts"]

    page = render(dict(office.store.read()), language, format_)

    assert (kept["desk"]["backup"], kept["front"]["backup"]) == (BACKUP, None)
    told = {
        "en": "it works for one folder, but another one is paused. The last complete "
        "synchronisation ended on 9 November 2026, 09:00. The server confirms the account, but no "
        "recent login.",
        "it": "funziona per una cartella, ma un\u2019altra è in pausa. L\u2019ultima sincronizzazione completa "
        "è finita il 9 novembre 2026, 09:00. Il server conferma l\u2019account, ma non un accesso recente.",
    }[language]
    assert told in page.replace("\\", "")
    assert page.count(told.partition(".")[0]) == 1
