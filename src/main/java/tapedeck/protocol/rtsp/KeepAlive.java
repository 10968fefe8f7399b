package tapedeck.protocol.rtsp;

import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Tells another server now and then that we are still there, RFC 2326 A.2: by `GET_PARAMETER` where it says that it
/// knows that, else by `OPTIONS`. For the event loop.
final class KeepAlive {
    /// Of a server that says nothing, RFC 2326 12.37.
    static final int USUAL_TIMEOUT_SECONDS = 60;

    static final int LONGEST_SECONDS = 30;

    private final RtspCaller caller;
    private final String uri;
    private final long intervalNanos;
    private boolean byParameter;
    private long sentNanos = System.nanoTime();
    private @Nullable CompletableFuture<RtspMessage.Answer> asked;

    /// @param methods `Public` of the answer to `OPTIONS`
    /// @param session `Session` of the answer to `SETUP`
    KeepAlive(RtspCaller caller, String uri, @Nullable String methods, @Nullable String session) {
        this.caller = caller;
        this.uri = uri;
        this.byParameter = methods != null
                && Arrays.stream(methods.toUpperCase(Locale.ROOT).split("[, ]+", -1))
                        .anyMatch("GET_PARAMETER"::equals);
        this.intervalNanos = intervalSeconds(session) * 1_000_000_000L;
    }

    /// Half of the time that the server allows.
    static long intervalSeconds(@Nullable String session) {
        int timeout = USUAL_TIMEOUT_SECONDS;
        for (String part : session == null ? new String[0] : session.split(";", -1)) {
            String[] pair = part.strip().split("=", 2);
            if (pair.length == 2
                    && pair[0].strip().equalsIgnoreCase("timeout")
                    && pair[1].strip().matches("[0-9]{1,6}")) {
                timeout = Integer.parseInt(pair[1].strip());
            }
        }
        return Math.clamp(timeout / 2, 1, LONGEST_SECONDS);
    }

    void swept(long nowNanos) {
        CompletableFuture<RtspMessage.Answer> last = asked;
        if (byParameter && last != null && last.isDone() && !last.isCompletedExceptionally()) {
            // It said that it could.
            byParameter = last.join().isOk();
        }
        if (nowNanos - sentNanos >= intervalNanos) {
            sentNanos = nowNanos;
            asked = caller.tell(byParameter ? "GET_PARAMETER" : "OPTIONS", uri);
        }
    }
}
