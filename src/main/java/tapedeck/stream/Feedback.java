package tapedeck.stream;

/// All that flows back to a publisher. Called from any thread, also under the stream's lock: an implementation only
/// schedules the work.
public interface Feedback {
    /// A reader needs an entry point as soon as possible. At most [Stream#MAX_KEYFRAME_REQUESTS_PER_SECOND] a second.
    void requestKeyframe();

    /// The first live reader came (`true`) or the last one went (`false`): whoever reads in batches to save wake-ups
    /// reads at once while somebody watches.
    void watched(boolean live);

    /// The stream was ended by somebody else: close the connection.
    void terminate(String reason);

    /// A viewer said something.
    default void message(Item.Message message) {}

    /// Whether the publisher's conversation is shown with what the stream counts. False for one that shows more of it
    /// itself, and for what is nobody's.
    default boolean isPeer() {
        return true;
    }

    /// For publishers that cannot do anything about any of it.
    Feedback NONE = new Feedback() {
        @Override
        public void requestKeyframe() {}

        @Override
        public void watched(boolean live) {}

        @Override
        public void terminate(String reason) {}

        @Override
        public boolean isPeer() {
            return false;
        }
    };
}
