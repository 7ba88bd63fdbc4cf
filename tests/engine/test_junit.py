"""Test reports in JUnit's XML: those of real runs, the shapes of other tools, and files that mean harm."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines._masking import Masker
from datatorch_pipelines.engine.collecting.junit import NoReport, ReportFile, read_report, read_reports
from datatorch_pipelines.results import FailedTest, SuiteResult

NONE = Masker()


def read(path: Path, text: str | bytes, masker: Masker = NONE) -> SuiteResult | None:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_report(path, masker)


def wrong(path: Path, text: str | bytes) -> str:
    with pytest.raises(NoReport) as caught:
        read(path, text)
    return str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "report.xml"


def test_what_pytest_writes_is_read(path: Path) -> None:
    (path.parent / "test_it.py").write_text(
        textwrap.dedent("""\
            import pytest

            def test_passes(): print("fine")
            def test_fails(): assert 1 + 1 == 3, "sums"
            def test_skipped(): pytest.skip("not today")
            @pytest.mark.xfail
            def test_expected(): assert False
            @pytest.fixture
            def broken(): raise ValueError("no fixture")
            def test_error(broken): pass
            class TestIn:
                @pytest.mark.parametrize("x", ["<&>", "\\x1b[31m"])
                def test_each(self, x): assert x == ""
            """)
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir=."]
    subprocess.run([*command, "test_it.py", f"--junitxml={path}"], cwd=path.parent, capture_output=True, check=False)
    found = read_report(path, NONE)
    assert found is not None
    assert (found.passed, found.failed, found.skipped) == (1, 4, 2)
    assert [failure.name for failure in found.failures] == [
        "test_it.test_fails",
        "test_it.test_error",
        "test_it.TestIn.test_each[<&>]",
        "test_it.TestIn.test_each[\\x1b[31m]",
    ]
    assert found.failures[0].text.startswith("AssertionError: sums\nassert (1 + 1) == 3\n")
    assert "test_it.py:4: AssertionError" in found.failures[0].text
    assert found.failures[1].text.startswith('failed on setup with "ValueError: no fixture"\n')


SUREFIRE = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="a.AppTest" time="0.1" tests="9" errors="7">
  <properties><property name="java.version" value="17"/></properties>
  <testcase name="adds" classname="a.AppTest" time="0.01"/>
  <testcase name="divides" classname="a.AppTest">
    <failure message="expected:&lt;1&gt; but was:&lt;2&gt;" type="org.junit.AssertionFailedError"><![CDATA[
org.junit.AssertionFailedError: expected:<1> but was:<2>
\tat a.AppTest.divides(AppTest.java:7)]]></failure>
    <rerunFailure message="again"/>
    <system-out><![CDATA[<failure>this is output</failure>]]></system-out>
  </testcase>
  <testcase name="flaky" classname="a.AppTest"><flakyFailure message="once"/></testcase>
  <testcase name="boom" classname="a.AppTest"><error message="NPE" type="java.lang.NullPointerException"/></testcase>
  <testcase name="later" classname="a.AppTest"><skipped message="not yet"/></testcase>
  <system-err>a.AppTest: 1 failure</system-err>
</testsuite>
"""

NESTED = """\
<testsuites name="Mocha" tests="4">
  <testsuite name="outer"><testcase name="one" classname="outer"/>
    <testsuite name="inner"><testcase name="two"><failure>x != y</failure></testcase><testcase name=""/></testsuite>
  </testsuite>
  <testsuite name="other"><testcase classname="only.class"><skipped/></testcase></testsuite>
</testsuites>
"""

GOOGLE = """\
<testsuites tests="3" failures="1" disabled="1" errors="0" time="0.01" name="AllTests">
  <testsuite name="Math" tests="3">
    <testcase name="Add" status="run" result="completed" classname="Math" />
    <testcase name="DISABLED_Sub" status="notrun" result="suppressed" classname="Math" />
    <testcase name="Mul" status="run" classname="Math">
      <failure message="m.cc:3&#x0A;Expected: 4" type=""><![CDATA[m.cc:3
Expected: 4]]></failure>
      <failure message="m.cc:4" type=""><![CDATA[m.cc:4]]></failure>
    </testcase>
  </testsuite>
</testsuites>
"""

NAMESPACED = '<j:testsuite xmlns:j="urn:x"><j:testcase name="a"><j:error/></j:testcase></j:testsuite>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            SUREFIRE,
            SuiteResult(
                passed=2,
                failed=2,
                skipped=1,
                failures=(
                    FailedTest(
                        name="a.AppTest.divides",
                        text="org.junit.AssertionFailedError: expected:<1> but was:<2>\n"
                        "\tat a.AppTest.divides(AppTest.java:7)",
                    ),
                    FailedTest(name="a.AppTest.boom", text="NPE"),
                ),
            ),
        ),
        (NESTED, SuiteResult(passed=2, failed=1, skipped=1, failures=(FailedTest(name="two", text="x != y"),))),
        (
            GOOGLE,
            SuiteResult(
                passed=1,
                failed=1,
                skipped=1,
                failures=(
                    FailedTest(name="Math.Mul", text="m.cc:3\nExpected: 4\nm.cc:4\nm.cc:3\nExpected: 4\nm.cc:4"),
                ),
            ),
        ),
        (NAMESPACED, SuiteResult(failed=1, failures=(FailedTest(name="a"),))),
        ('<testsuite tests="7" failures="3"/>', SuiteResult()),
        ("<testsuites></testsuites>", SuiteResult()),
    ],
    ids=["surefire", "nested", "googletest", "namespaced", "lying counts", "empty"],
)
def test_the_shapes_of_other_tools_are_read(path: Path, text: str, expected: SuiteResult) -> None:
    assert read(path, text) == expected
    assert read(path, b"\xff\xfe" + text.replace('encoding="UTF-8"', "").encode("utf-16-le")) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<html><body/></html>",
        "<annotation><object/></annotation>",
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://localhost:1/x"><svg/>',
    ],
)
def test_xml_of_another_kind_is_no_report(path: Path, text: str) -> None:
    assert read(path, text) is None


ENTITIES = "".join(
    f'<!ENTITY {after} "{f"&{before};" * 10}">' for before, after in zip("abcdefg", "bcdefgh", strict=True)
)
BOMB = f'<!DOCTYPE testsuite [<!ENTITY a "aaaaaaaaaa">{ENTITIES}]><testsuite><testcase name="&h;"/></testsuite>'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOMB, "it has a document type"),
        (
            '<!DOCTYPE testsuite [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite><t name="&x;"/></testsuite>',
            "it has a document type",
        ),
        ('<!DOCTYPE testsuites SYSTEM "http://localhost:1/x.dtd"><testsuites/>', "it has a document type"),
        ("<testsuite><testcase name='&undefined;'/></testsuite>", "line 1, column 12: undefined entity"),
        ("", "line 1, column 1: no element found"),
        ("Tests: 3 passed", "line 1, column 1: syntax error"),
        ("<testsuite>\n<testcase name='a'>", "line 2, column 20: no element found"),
        ("<testsuite></testcase>", "line 1, column 14: mismatched tag"),
        (b"<testsuite>\xff</testsuite>", "line 1, column 12: not well-formed (invalid token)"),
        *(
            (f'<?xml version="1.0" encoding="{name}"?><testsuite/>', "its encoding can't be read")
            for name in ("utf-99", "hex", "gb18030")
        ),
        ("<testsuite>" * 65 + "</testsuite>" * 65, "it nests too deep"),
        (f"<testsuite><testcase name='{'x' * 2_000_000}'/></testsuite>", "a tag in it is longer than 1048576 bytes"),
        (f"<testsuite><!--{'x' * 2_000_000}--></testsuite>", "a tag in it is longer than 1048576 bytes"),
        (b"<testsuite>" + b" " * (65 << 20), "it is larger than 67108864 bytes"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "bytes",
)
def test_a_report_that_means_harm_or_is_broken_says_why_it_was_not_read(
    path: Path, text: str | bytes, why: str
) -> None:
    assert wrong(path, text) == why


def test_texts_and_names_are_bounded_and_memory_is(path: Path) -> None:
    case = f"<testcase name='{'n' * 2000}'><failure message='{'m' * 9000}'>{'t' * 9000}</failure></testcase>"
    failure = f"<failure message='{'m' * 9000}'/>"
    many = f"<testcase name='x'>{failure * 500}</testcase>"
    path.write_text(f"<testsuite>{case * 1200}{many}</testsuite>")
    tracemalloc.start()
    found = read_report(path, NONE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert (found.failed, len(found.failures)) == (1201, 1000)
    assert {(len(failure.name), len(failure.text)) for failure in found.failures} == {(500, 4000)}
    assert peak < 20_000_000


SECRET = "hunter2 & <secret>"


def test_names_and_texts_are_masked(path: Path) -> None:
    shown = "hunter2 &amp; &lt;secret&gt;"
    case = (
        f"<testcase name='{shown}'><failure message='{shown}'>it was <![CDATA[hunter2 ]]>&amp; &lt;secret>.</failure>"
    )
    found = read(path, f"<testsuite>{case}</testcase></testsuite>", Masker([SECRET]))
    assert found is not None
    assert found.failures == (FailedTest(name="***", text="it was ***."),)


@given(before=st.integers(0, 9000), secret=st.text("abé\U0001f600", min_size=9, max_size=3000))
def test_a_text_that_is_cut_short_holds_no_part_of_a_secret(tmp_path_factory, before: int, secret: str) -> None:
    path = tmp_path_factory.mktemp("cut") / "r.xml"
    text = "." * before + secret + "." * 100
    case = f"<testcase name='{text}'><failure message='{text}'>{text}</failure></testcase>"
    found = read(path, f"<testsuite>{case}</testsuite>", Masker([secret]))
    assert found is not None
    (failure,) = found.failures
    assert set(failure.name + failure.text) <= {".", "*", "\n"}


def test_several_reports_are_summed_and_a_broken_one_is_told(tmp_path: Path) -> None:
    texts = {
        "a.xml": SUREFIRE,
        "b.XML": NESTED,
        "notes.txt": GOOGLE,
        "page.xml": "<html/>",
        "sub/broken.xml": "<testsuite>",
    }
    files = []
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        files.append(ReportFile(name=name, path=path))
    told: list[tuple[str, str]] = []
    found = read_reports(files, NONE, lambda name, why: told.append((name, why)))
    assert found is not None
    assert (found.passed, found.failed, found.skipped) == (4, 3, 2)
    assert [failure.name for failure in found.failures] == ["a.AppTest.divides", "a.AppTest.boom", "two"]
    assert told == [("sub/broken.xml", "line 1, column 12: no element found")]
    assert read_reports(files[2:4], NONE, lambda *_: None) is None


def test_the_reports_of_a_step_are_its_tests_also_when_it_fails(project) -> None:
    (project.folder / "report.xml").write_text(SUREFIRE.replace("boom", "hunter2-hunter2"))
    result = project.run(
        f"""\
        name: T
        jobs:
          a:
            steps:
              - name: tests
                run: cp {project.folder}/report.xml "$DATATORCH_ARTIFACTS"; echo > "$DATATORCH_ARTIFACTS/x.xml"; exit 1
        """,
        secrets={"S": "hunter2-hunter2"},
    )
    step = result.jobs["a"].step("tests")
    assert step.status == "failed"
    assert step.tests is not None
    assert (step.tests.passed, step.tests.failed, step.tests.skipped) == (2, 2, 1)
    assert [failure.name for failure in step.tests.failures] == ["a.AppTest.divides", "a.AppTest.***"]
    assert [item.message for item in result.diagnostics] == [
        "the artifact 'report.xml' holds a secret; artifacts are kept as they are",
        "the test report 'x.xml' was not read: line 2, column 1: no element found",
    ]


def test_who_no_longer_wants_a_long_report_need_not_wait_for_its_end(tmp_path: Path) -> None:
    class Enough(Exception):
        """It is not wanted any more."""

    looks = 0

    def check() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise Enough

    report = tmp_path / "report.xml"
    report.write_bytes(b"<testsuite>" + b"<testcase name='a'/>" * 100_000 + b"</testsuite>")
    with pytest.raises(Enough):
        read_reports([ReportFile(name="report.xml", path=report)], Masker(), lambda _name, _why: None, check)
    assert looks == 3
