package tapedeck.settings;

/// A setting cannot be used. The message is one line that names the key, the value and what is allowed.
public final class SettingsException extends Exception {
    public SettingsException(String message) {
        super(message);
    }
}
