"""All that a person or a program reads: failure texts, scripts, tables, verdict.json, the page.

It says what was decided and decides nothing. What strangers write is escaped.
"""
