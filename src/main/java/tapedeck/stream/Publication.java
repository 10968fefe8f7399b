package tapedeck.stream;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// The writing end of a stream, owned by one publisher and used from one thread.
public final class Publication implements AutoCloseable {
    private final Streams streams;
    private final Stream stream;
    private final @Nullable Session session;

    /// @param session shown until the end; null where the publisher shows one itself
    Publication(Streams streams, Stream stream, @Nullable Session session) {
        this.streams = streams;
        this.stream = stream;
        this.session = session;
    }

    public Stream stream() {
        return stream;
    }

    /// Hands the frame to all readers; never blocks. Frames of one track come in decoding order.
    public void write(Frame frame) {
        stream.write(frame);
    }

    /// Frames that got lost on the way from the publisher, and will not come: recordings say how many they miss.
    public void missed(long frames) {
        stream.missed(frames);
    }

    /// Hands a message of the publisher to all readers, in order with the frames; never blocks. Its time is set here.
    /// False if it was dropped: there were too many, or it is too long.
    public boolean message(Item.Message message) {
        return stream.say(message, _ -> {});
    }

    /// Says when time 0 of the frames was captured, on the clock of [System#nanoTime()], where the protocol tells.
    ///
    /// @param nanos asked from the first frame on; what it says may become truer
    public void zero(LongSupplier nanos) {
        stream.reportedZero(nanos);
    }

    /// Names a track before its first frame, as far as it is known.
    public void announce(Track track) {
        stream.announce(track);
    }

    /// Names a track that the peer has described, and of which nothing else shows yet that it will come.
    public void describe(Track track) {
        stream.describe(track);
    }

    /// Says which kinds of track will come, where the peer tells only after it began to publish.
    public void expect(Publisher.Expects expects) {
        stream.expect(expects);
    }

    /// Something of what is published cannot be carried, and the stream is about to end: who has not begun anything
    /// with it need not any more.
    public void refuse() {
        stream.refuse();
    }

    /// Ends the stream and frees its name; again without effect.
    public void close(String reason) {
        streams.end(stream, session, reason);
    }

    @Override
    public void close() {
        close("unpublished");
    }
}
