"""How gunicorn serves the site: `gunicorn --config deploy/gunicorn.conf.py "app:create_app()"`."""

worker_class = "gthread"
workers = 2
threads = 8
control_socket_disable = True  # it would lie in the user's home, shared by every site there
graceful_timeout = 4  # seconds; shorter than the patience of processes.end
loglevel = "error"
