"""`make audit`: are the lock files whole, and is anything in them known to be vulnerable?

Prints a table. Exit status: 1 where something was found; what nobody could be asked about is said, and is no finding.
"""

import sys

from rich.console import Console
from rich.table import Table

from tests.audit.advisories import Answer, ask_npm, ask_pip_audit
from tests.audit.locks import PACKAGE_LOCK, REQUIREMENTS, problems_of_package_lock, problems_of_requirements


def main() -> int:
    """Ask everything, and tell."""
    answers = [
        Answer(
            "hashes of Python packages",
            len(REQUIREMENTS),
            [p for f in REQUIREMENTS for p in problems_of_requirements(f)],
        ),
        Answer("hashes of npm packages", 1, problems_of_package_lock(PACKAGE_LOCK)),
        ask_pip_audit(REQUIREMENTS[0]),
        ask_npm(PACKAGE_LOCK.parent),
    ]
    table = Table("looked at", "answered", "findings", "could not be asked")
    for answer in answers:
        table.add_row(answer.what, str(answer.asked), str(len(answer.findings)), answer.unasked)
    console = Console(width=120, highlight=False)
    console.print(table)
    findings = [finding for answer in answers for finding in answer.findings]
    for finding in findings:
        console.print(f"FOUND {finding}", soft_wrap=True, markup=False)
    if any(answer.unasked for answer in answers):
        console.print(
            "Not everything could be asked: where the advisories cannot be reached, nothing is known of them."
        )
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
