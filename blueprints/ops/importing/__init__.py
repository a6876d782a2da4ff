"""What importers from WordPress and Ghost share: media, links, redirects, rows in batches, the report.

How an importer goes (blueprints/ops/wordpress/command.py is one):

1. `import_options` gives its command the options, `stopping_cleanly` the sentences of what ends it early (options.py).
2. It reads its file once and enters into a `Survey` (survey.py) every story with its key and wish for an address, the
   addresses each had, every medium and what is said of it; categories, tags and authors go to the `Shelves`
   (shelves.py). Nothing is written yet, so a file that proves unsound leaves nothing half done.
3. `settle_stories` (settling.py) gives every story its address; the survey knows then where old addresses lead.
4. It reads its file again. `Texts.ready` (texts.py) turns HTML into HTML of ours: pictures by `Media` (media.py; from
   `uploads.py`, or fetched by `download.py`), figures and credits (figures.py), cards for what was embedded (cards.py),
   links by `rewritten` (addresses.py). Each story becomes a `Ready` (storing.py) with a row that is not saved yet,
   and the redirects that `still_needed` (addresses.py) finds for it.
5. `run` (running.py) stores the ready in batches, each a short transaction. What has its key in `imported_from`
   is not taken twice, so a run that was stopped is simply run again.
6. `say` (options.py) prints the `Report` (report.py), which a dry run fills in just the same.
"""
