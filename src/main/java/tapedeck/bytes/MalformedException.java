package tapedeck.bytes;

/// What a peer or a file said cannot be what its format allows. The message says where and why, in one line.
///
/// Parsers throw nothing else for bad input, so whoever reads from outside catches exactly this, once, at the top
/// of its conversation; any other exception is a bug.
public final class MalformedException extends RuntimeException {
    public MalformedException(String message) {
        super(message);
    }

    public MalformedException(String message, Throwable cause) {
        super(message, cause);
    }
}
