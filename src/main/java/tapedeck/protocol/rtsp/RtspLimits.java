package tapedeck.protocol.rtsp;

/// How long and how much of a conversation is waited for.
final class RtspLimits {
    /// From the connection to the first whole request.
    static final long FIRST_REQUEST_NANOS = 10_000_000_000L;
    /// From the connection, the first `DESCRIBE` or `ANNOUNCE` that was allowed, or the end of the last stream, to
    /// `RECORD` or `PLAY`, whatever comes between.
    static final long SETUP_NANOS = 30_000_000_000L;
    /// Whether a peer may publish or play is known long before.
    static final long WAITING_NANOS = 90_000_000_000L;
    /// A publisher that sends no media for so long is gone.
    static final long IDLE_NANOS = 10_000_000_000L;
    /// A player that takes less than its window in this time is gone.
    static final long PLAYER_STALL_NANOS = 30_000_000_000L;
    /// Said in `Session`: a player by UDP that gives no sign of life for so long is gone.
    static final int TIMEOUT_SECONDS = 60;
    /// A little later than was said.
    static final long TIMEOUT_NANOS = (TIMEOUT_SECONDS + 10) * 1_000_000_000L;
    /// What a peer said by `POST` is heard for so long when its `GET` is gone.
    static final long LAST_WORDS_NANOS = 2_000_000_000L;

    static final int MAX_REQUESTS_PER_SECOND = 100;
    /// Requests that may come while one waits for its answer.
    static final int MAX_PIPELINED = 16;
    /// How long `DESCRIBE` waits for the tracks of a stream that has just begun.
    static final int MAX_LOOKS = 30;

    static final long LOOK_NANOS = 100_000_000L;
    /// Pairs of UDP ports that one address has at once, over all its connections.
    static final int MAX_PAIRS_PER_ADDRESS = 32;

    private RtspLimits() {}
}
