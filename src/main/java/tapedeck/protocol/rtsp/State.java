package tapedeck.protocol.rtsp;

/// What a connection is about.
sealed interface State {
    record Idle() implements State {}

    /// For a decision or the tracks of a stream.
    ///
    /// @param sinceNanos when it began
    record Waiting(long sinceNanos) implements State {}

    record Publishing(RtspPublishing publishing, boolean recording) implements State {}

    record Playing(RtspPlaying playing) implements State {}
}
