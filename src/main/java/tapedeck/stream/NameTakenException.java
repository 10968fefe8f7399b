package tapedeck.stream;

/// A second publisher asked for the name of a live stream.
public final class NameTakenException extends Exception {
    public NameTakenException(StreamName name) {
        super("stream \"%s\" is already being published".formatted(name));
    }
}
