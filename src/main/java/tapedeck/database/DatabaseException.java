package tapedeck.database;

/// The database does not answer, or refuses. What was to be written is not written.
public final class DatabaseException extends Exception {
    DatabaseException(String message) {
        super(message);
    }

    DatabaseException(String message, Throwable cause) {
        super(message, cause);
    }
}
