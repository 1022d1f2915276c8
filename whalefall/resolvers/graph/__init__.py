"""A selection of nouns as one SQL statement. Without this package everything still works, slower.

selection: what is asked for; compiler: from there to a plan; page_text and json_text: the parts of
its SQL; placeholders: values that arrive later; plan: what is kept and run.
"""
