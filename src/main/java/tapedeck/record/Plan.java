package tapedeck.record;

/// What a recording is to be.
///
/// @param pastNanos how far before its start it begins, as far as the stream's cache reaches
record Plan(Naming naming, Rotation rotation, long pastNanos, Begun begun) {
    /// Who wants it.
    enum Begun {
        /// The settings or the publisher: it begins again when a disk that was full has space.
        BY_SETTINGS,
        ON_DEMAND,
        /// On demand, beside others of the same stream.
        BESIDE
    }
}
