"""an address is somebody's once it is proven: until then any number of accounts may name it

Revision ID: 0014
Revises: 0013

"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

PROVEN = sa.text("email_verified_at IS NOT NULL")
SPARE = """
    SELECT a.id FROM account a JOIN account b ON a.email = b.email AND a.id <> b.id
    WHERE a.email_verified_at IS NULL AND (b.email_verified_at IS NOT NULL OR b.id > a.id)
"""


def upgrade():
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_account_email"), type_="unique")
        batch_op.create_index(batch_op.f("ix_account_email"), ["email"], unique=False)
        batch_op.create_index(
            "uq_account_email_proven", ["email"], unique=True, sqlite_where=PROVEN, postgresql_where=PROVEN
        )
    with op.batch_alter_table("sign_in_letter", schema=None) as batch_op:
        batch_op.add_column(sa.Column("account_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_sign_in_letter_account_id"), ["account_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_sign_in_letter_account_id_account"), "account", ["account_id"], ["id"], ondelete="CASCADE"
        )
    op.execute(
        "UPDATE sign_in_letter SET account_id = (SELECT id FROM account WHERE account.email = sign_in_letter.email) "
        "WHERE kind = 'verify'"
    )


def downgrade():
    for table in ('"order"', "donation"):
        op.execute(f"UPDATE {table} SET account_id = NULL WHERE account_id IN ({SPARE})")
    with op.batch_alter_table("sign_in_letter", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_sign_in_letter_account_id_account"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_sign_in_letter_account_id"))
        batch_op.drop_column("account_id")
    for table in ("sign_in", "saved_story", "read_story"):
        op.execute(f"DELETE FROM {table} WHERE account_id IN ({SPARE})")
    op.execute(f"UPDATE comment SET account_id = NULL WHERE account_id IN ({SPARE})")
    op.execute(f"DELETE FROM account WHERE id IN (SELECT id FROM ({SPARE}) AS spare)")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_index("uq_account_email_proven", sqlite_where=PROVEN, postgresql_where=PROVEN)
        batch_op.drop_index(batch_op.f("ix_account_email"))
        batch_op.create_unique_constraint(batch_op.f("uq_account_email"), ["email"])
