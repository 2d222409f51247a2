"""The table of cases and languages: on the screen with what was found, and in docs/conformance.md as it has to be."""

import sys

PASS, FAIL, NONE = "ok", "FAIL", "-"


def print_matrix(table, results, out=sys.stdout):
    """`results`: {language: {case name: (PASS | FAIL | NONE, findings)}}; cases that weren't run aren't shown."""
    languages = list(results)
    shown = [name for name in table.cases if any(name in cells for cells in results.values())]
    width = max([len(name) for name in shown], default=0)
    out.write(" " * width + "".join(f"  {language:>8}" for language in languages) + "\n")
    for name in shown:
        cells = [results[language].get(name, ("", []))[0] for language in languages]
        out.write(
            f"{name:{width}}"
            + "".join(f"  {cell:>{max(8, len(language))}}" for cell, language in zip(cells, languages))
            + "\n"
        )
    for language in languages:
        for name, (cell, findings) in results[language].items():
            for finding in findings if cell == FAIL else []:
                out.write(f"{language}: {name}: {finding}\n")
    counts = {
        mark: sum(cell == mark for cells in results.values() for cell, _ in cells.values())
        for mark in (PASS, FAIL, NONE)
    }
    out.write(f"{counts[PASS]} passed, {counts[FAIL]} failed, {counts[NONE]} not for this language\n")
    out.flush()


def missing(case, driver):
    """The first capability that the case needs and the driver lacks, or None."""
    return next((need for need in case["needs"] if need in driver.lacks), None)


def document(table, drivers):
    """docs/conformance.md."""
    lines = [
        "# Conformance",
        "",
        "Every SDK and every example language does the same cases against a real `impastod`",
        "(`ctest -L clients -R conformance`), and each has to come out as [the table](../tests/conformance/cases.json) says:",
        "status code, field and reason of an error, every loss, the bytes of the picture. One failed cell fails the test.",
        "✓: it passes; a number: it can't be asked of this language, for the reason below.",
        "",
        "This page is made by `tests/conformance/conformance.py write-docs`; a test holds it against table and",
        "drivers.",
        "",
    ]
    reasons = []
    for title, cases in table.groups:
        lines += [f"## {title}", "", "| case | " + " | ".join(driver.language for driver in drivers) + " |"]
        lines += ["|---|" + ":-:|" * len(drivers)]
        for case in cases:
            cells = []
            for driver in drivers:
                need = missing(case, driver)
                if need is None:
                    cells.append("✓")
                    continue
                reason = f"{driver.language}: {driver.lacks[need]}"
                if reason not in reasons:
                    reasons.append(reason)
                cells.append(str(reasons.index(reason) + 1))
            lines.append(f"| `{case['name']}` {case['summary']} | " + " | ".join(cells) + " |")
        lines.append("")
    if reasons:
        lines += ["## Not asked of", ""]
        lines += [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
        lines.append("")
    return "\n".join(lines)
