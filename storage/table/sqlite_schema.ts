import type { DatabaseSync } from "node:sqlite";

/** The `user_version` of a database that this code has made. */
const SCHEMA_VERSION = 1;

/**
 * Text sorts by its UTF-8 bytes (BINARY, the default collation), as the port wants it. Rows lie in the order of their keys
 * themselves: one walk down a tree instead of two.
 */
const SCHEMA = `
  CREATE TABLE item (
    pk TEXT NOT NULL,
    sk TEXT NOT NULL,
    version TEXT NOT NULL,
    attributes TEXT NOT NULL,
    bytes BLOB,
    index_pk TEXT,
    index_sk TEXT,
    PRIMARY KEY (pk, sk)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX item_index ON item (index_pk, index_sk, pk, sk) WHERE index_pk IS NOT NULL;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * Configures the connection, and creates the tables of a new database.
 *
 * @throws {Error} for a database of a later release.
 */
export function prepareDatabase(db: DatabaseSync, path: string): void {
  // Only FULL syncs the log at every commit, so that an answer outlives a power cut; fullfsync is for macOS, where a
  // plain fsync stops at the drive's cache. Changing the journal mode of a new database takes a lock, and only a prepared
  // statement reports SQLite's error code.
  db.exec("PRAGMA page_size = 8192"); // most manifests then lie on the page of their row
  db.prepare("PRAGMA journal_mode = WAL").get();
  db.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA journal_size_limit = ${64 * 1024 * 1024};
    PRAGMA cache_size = -32000;
  `);
  if (isCurrent(db, path)) return;
  db.prepare("BEGIN IMMEDIATE").run();
  try {
    // Another process may have created the tables meanwhile.
    if (!isCurrent(db, path)) db.exec(SCHEMA);
    db.prepare("COMMIT").run();
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** True if the tables exist; false for an empty database. */
function isCurrent(db: DatabaseSync, path: string): boolean {
  const version = Number(db.prepare("PRAGMA user_version").get()?.user_version);
  if (version > SCHEMA_VERSION) {
    throw new Error(
      `Cannot open ${
        JSON.stringify(path)
      }: its schema version is ${version}, and this release knows none above ` +
        `${SCHEMA_VERSION}`,
    );
  }
  return version === SCHEMA_VERSION;
}
