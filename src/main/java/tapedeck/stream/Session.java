package tapedeck.stream;

/// One peer's conversation while it lasts, whichever way the media goes: what REST, metrics and the console show of it.
public interface Session {
    /// As of now; from any thread, so an implementation copies what its own thread keeps.
    SessionReport report();

    /// Somebody else ends it; from any thread.
    void terminate(String reason);
}
