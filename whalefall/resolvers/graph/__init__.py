"""A selection of nouns as one SQL statement. Without this package everything still works, slower.

selection: what is asked for; compiler: from there to a plan; objects, connections and page_text:
the text of each; json_text: how values become text; windows and placeholders: what arrives later;
draft: a plan in the making; plan: what is kept and run.
"""
