package tapedeck.mix;

import tapedeck.database.DatabaseException;

/// The database with the queue of mixes is not there now, or not yet. What it says of itself names hosts and users: it
/// is for the log.
public final class QueueAwayException extends Exception {
    private static final long serialVersionUID = 1;

    QueueAwayException(DatabaseException cause) {
        super("the database of the queue is not there now", cause);
    }
}
