"""The SARIF report; that it is valid is proved in tests/integration/test_sarif_schema.py."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines.checks import CHECKS
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Edit, Fix, Location, Related, Severity
from datatorch_pipelines.display import sarif_json

TEXT = "jobs:\n  add:\n    stesp: []\n"


def _wrong(file: str | None = "p.yaml", line: int = 3, message: str = "unknown key 'stesp'") -> Diagnostic:
    place = Location(file, line, 5, line, 10)
    return Diagnostic.at(place, "DT202", Severity.ERROR, message)


def _run(*diagnostics: Diagnostic, sources: dict[str, str] | None = None) -> dict[str, Any]:
    log = json.loads(sarif_json(diagnostics, sources, version="1.2.3"))
    assert (log["version"], log["$schema"]) == ("2.1.0", "https://json.schemastore.org/sarif-2.1.0.json")
    [run] = log["runs"]
    assert isinstance(run, dict)
    return run


def _uri(file: str | None) -> dict[str, Any]:
    location = _run(_wrong(file))["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert isinstance(location, dict)
    return location


def test_a_result_has_its_rule_message_place_and_fix() -> None:
    place = Location("p.yaml", 3, 5, 3, 10)
    diagnostic = Diagnostic.at(
        place,
        "DT202",
        Severity.ERROR,
        "unknown key 'stesp'",
        hint="did you mean 'steps'?",
        related=[Related("the job is here", Location("p.yaml", 2, 3, 3, 14))],
        fix=Fix("write 'steps'", [Edit(place, "steps")]),
    )
    run = _run(diagnostic, sources={"p.yaml": TEXT})
    artifact = {"uri": "p.yaml", "uriBaseId": "%SRCROOT%"}
    region = {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 10}
    whole = {"startLine": 2, "startColumn": 3, "endLine": 3, "endColumn": 14}
    assert run["results"] == [
        {
            "ruleId": "DT202",
            "ruleIndex": list(Code).index(Code.UNKNOWN_KEY),
            "level": "error",
            "message": {"text": "unknown key 'stesp'; did you mean 'steps'?"},
            "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
            "partialFingerprints": {"primaryLocationLineHash": "14a94a11f48ef180:1"},
            "relatedLocations": [
                {
                    "id": 1,
                    "message": {"text": "the job is here"},
                    "physicalLocation": {"artifactLocation": artifact, "region": whole},
                }
            ],
            "fixes": [
                {
                    "description": {"text": "write 'steps'"},
                    "artifactChanges": [
                        {
                            "artifactLocation": artifact,
                            "replacements": [{"deletedRegion": region, "insertedContent": {"text": "steps"}}],
                        }
                    ],
                }
            ],
        }
    ]
    assert run["columnKind"] == "unicodeCodePoints"


def test_the_tool_is_named_with_every_code_as_a_rule() -> None:
    driver = _run()["tool"]["driver"]
    rules = driver.pop("rules")
    assert driver == {"name": "datatorch-pipelines", "version": "1.2.3", "semanticVersion": "1.2.3"}
    assert [(rule["id"], rule["shortDescription"]["text"]) for rule in rules] == [(c, c.summary) for c in Code]
    levels = {rule["id"]: rule["defaultConfiguration"]["level"] for rule in rules}
    assert {code: levels[code] for code in ("DT101", "DT202", "DT210", "DT401")} == {
        "DT101": "error",
        "DT202": "error",
        "DT210": "warning",
        "DT401": "warning",
    }
    errors = {check.code for check in CHECKS if check.severity is Severity.ERROR}
    assert all(levels[check.code] == ("error" if check.code in errors else "warning") for check in CHECKS)


def test_the_code_of_another_s_check_becomes_a_rule_too() -> None:
    place = Location("p.yaml", 1, 1, 1, 2)
    run = _run(_wrong(), *[Diagnostic.at(place, "ACME1", Severity.WARNING, "no owner") for _ in range(2)])
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules[len(Code) :]] == ["ACME1"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == ["DT202", "ACME1", "ACME1"]
    assert rules[-1]["defaultConfiguration"] == {"level": "warning"}


@pytest.mark.parametrize(
    ("file", "location"),
    [
        ("a/b.yaml", {"uri": "a/b.yaml", "uriBaseId": "%SRCROOT%"}),
        ("./a//b.yaml", {"uri": "a/b.yaml", "uriBaseId": "%SRCROOT%"}),
        ("../b.yaml", {"uri": "../b.yaml", "uriBaseId": "%SRCROOT%"}),
        ("c:d e%.yaml", {"uri": "c%3Ad%20e%25.yaml", "uriBaseId": "%SRCROOT%"}),
        ("données?#.yaml", {"uri": "donn%C3%A9es%3F%23.yaml", "uriBaseId": "%SRCROOT%"}),
        ("b\udcff.yaml", {"uri": "b%FF.yaml", "uriBaseId": "%SRCROOT%"}),
        ("b\ud800.yaml", {"uri": "b%ED%A0%80.yaml", "uriBaseId": "%SRCROOT%"}),
        ("/srv/a b.yaml", {"uri": "file:///srv/a%20b.yaml"}),
        (None, {"description": {"text": "A text without a file."}}),
    ],
)
def test_the_name_of_a_file_becomes_a_uri(file: str | None, location: dict[str, Any]) -> None:
    assert _uri(file) == location


@given(st.text(min_size=1).filter(lambda name: "/" not in name and name != "."))
@settings(deadline=None)
def test_a_uri_leads_back_to_the_name(file: str) -> None:
    uri = _uri(file)["uri"]
    assert uri.isascii()
    assert ":" not in uri
    assert unquote(uri) == file


def test_words_of_others_are_no_links_and_stay_on_their_line() -> None:
    [result] = _run(_wrong(message="unknown key '[click](https://evil.example)\n[a] b\x1b[2J'"))["results"]
    assert result["message"]["text"] == r"unknown key '\[click](https://evil.example)\x0a[a] b\x1b[2J'"


def _fingerprints(*diagnostics: Diagnostic, text: str = TEXT) -> list[str]:
    run = _run(*diagnostics, sources={"p.yaml": text})
    return [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]


def test_a_result_is_known_again_where_lines_came_before_it_or_its_indentation_changed() -> None:
    [before] = _fingerprints(_wrong())
    assert _fingerprints(_wrong(line=5), text="# new\n\n" + TEXT.replace("    ", "      ")) == [before]
    assert _fingerprints(_wrong(), text=TEXT.replace("[]", "[1]")) != [before]


def test_no_two_results_have_one_fingerprint() -> None:
    found = _fingerprints(_wrong(), _wrong(message="other"), _wrong(file="q.yaml"), _wrong(line=2))
    assert len(set(found)) == 4


def test_what_is_no_text_is_still_json() -> None:
    text = sarif_json([_wrong(message="a\ud800b")], version="1")
    assert json.loads(text.encode("utf-8", "backslashreplace"))
