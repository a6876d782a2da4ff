"""What importers from WordPress and Ghost share: media, links, redirects, rows in batches, the report.

An importer reads its file twice. First it fills a `Survey` (survey.py): every story with its key and wish for an
address, every medium, every old address, the categories, tags and authors. Then it makes each story `Ready`
(storing.py), its text by way of `Texts` (texts.py), and `Run` (running.py) stores them in batches. A run that was
stopped is run again: what has its key in `imported_from` is not taken twice.
"""
