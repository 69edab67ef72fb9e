"""The scenarios, a file each: what is run (`run`), what it shows (`tables`, `findings`), its plots (`draw`).

`run` gives plain values, which are kept as JSON; the other three work from these alone, so that tables and
plots can be made again without measuring.
"""
