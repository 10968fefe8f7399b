package tapedeck.record;

/// The catalogue's database does not answer just now. Recording goes on; what happens is added later.
public final class CatalogueAwayException extends Exception {
    CatalogueAwayException(String message) {
        super(message);
    }

    CatalogueAwayException(String message, Throwable cause) {
        super(message, cause);
    }
}
