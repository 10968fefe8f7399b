/// The database: what the server knows beyond the files themselves. H2 inside the data folder, or PostgreSQL; one SQL
/// for both, in migrations under `resources/database`.
///
/// Public: [Database] and [DatabaseException]. Nothing here knows what the tables are for; whoever has tables asks
/// with JDBI's handle. The database may be away at any time: recording never waits for it.
@org.jspecify.annotations.NullMarked
package tapedeck.database;
