package tapedeck.protocol.ingest;

/// What comes is right, but nothing can be made of it here.
final class IngestRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    IngestRefusedException(String reason) {
        super(reason);
    }
}
