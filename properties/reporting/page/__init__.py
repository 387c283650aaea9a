"""The report: verdicts and times as one page, for a reader who has nothing else at hand.

`documents` reads verdict.json and pytest-benchmark's JSON, which are all that it knows; `report`
merges them; `overview`, `details`, `accuracy`, `speed` and `changes` say what is on the page;
`render` writes it through `templates/`. `flow` alone calls implementations, for a run that reports.
"""
