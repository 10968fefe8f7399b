package tapedeck.peers.matrix;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import tapedeck.peers.TestServer;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;

/// Another server, which records what it gets.
///
/// @param asked when it was ordered
/// @param came when the other server had its first picture
record Recorded(TestServer there, String name, Moment asked, AtomicReference<Optional<Moment>> came) implements Player {
    private static final long POLL_MILLIS = 10;

    static Recorded at(TestServer there, String name, Stream stream) {
        Recorded recorded = new Recorded(there, name, Moment.of(stream), new AtomicReference<>(Optional.empty()));
        Thread.ofVirtual().start(() -> recorded.follow(stream));
        return recorded;
    }

    private void follow(Stream stream) {
        try {
            for (long left = DEADLINE_SECONDS * 1000 / POLL_MILLIS;
                    left > 0 && came.get().isEmpty();
                    left--) {
                if (there.server().streams().find(new StreamName(name)).stream()
                        .anyMatch(copy -> copy.statistics().keyframes() > 0)) {
                    came.set(Optional.of(Moment.of(stream)));
                }
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public Taken taken(Clip clip) throws Exception {
        // The last picture of a publisher that falls silent comes with the goodbye.
        return Taken.judge(clip, there.awaitRecordingOf(name), 1);
    }

    @Override
    public OptionalDouble secondsToFirst() {
        return Player.seconds(Optional.of(asked), came.get());
    }

    @Override
    public void stop() {}
}
