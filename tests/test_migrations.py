"""What the migrations build is what the models declare, on both databases."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade

from app import create_app
from models import db


def test_migrations_build_what_the_models_declare(tmp_path: Path, empty_database_url: str) -> None:
    app = create_app(
        {
            "DATA": tmp_path,
            "DATABASE_URL": empty_database_url,
            "SECRET_KEY": "for tests only",
            "STRIPE_SECRET_KEY": "sk_test_masthead",
            "STRIPE_WEBHOOK_SECRETS": "whsec_for_tests",
        }
    )
    folder = str(Path(app.root_path, "migrations"))
    with app.app_context():
        upgrade(folder)
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, db.metadata) == []
        downgrade(folder, revision="base")
        with db.engine.connect() as connection:
            assert set(db.inspect(connection).get_table_names()) <= {"alembic_version"}
        db.engine.dispose()
