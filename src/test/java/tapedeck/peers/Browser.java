package tapedeck.peers;

import java.io.IOException;

/// The real browsers of this machine, for pages that need nothing of them but to be shown.
public enum Browser {
    CHROMIUM,
    FIREFOX;

    /// Starts the browser with this page; it is gone when the result is closed.
    public AutoCloseable show(String url) throws IOException {
        return switch (this) {
            case CHROMIUM -> {
                Chromium chromium = new Chromium();
                chromium.open(url);
                yield chromium;
            }
            case FIREFOX -> new Firefox(url);
        };
    }
}
