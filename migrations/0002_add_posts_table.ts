import type { MigrationDb } from "../src/migration/migration.ts";

export function up(db: MigrationDb): void {
  db.exec(`
    CREATE TABLE posts (
      id           INTEGER PRIMARY KEY,
      user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      title        TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
      body         TEXT NOT NULL DEFAULT '',
      published_at TEXT
    ) STRICT;

    CREATE INDEX posts_by_user ON posts (user_id, published_at);
  `);
}

export function down(db: MigrationDb): void {
  db.exec("DROP TABLE posts");
}
