package tapedeck.protocol.webrtc;

/// A well-formed offer of which nothing can be taken; the message says what each side has.
final class NothingFitsException extends Exception {
    NothingFitsException(String message) {
        super(message);
    }
}
