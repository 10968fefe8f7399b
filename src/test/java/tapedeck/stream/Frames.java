package tapedeck.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Small frames whose order can be told from their bytes, and what tests of the stream share.
final class Frames {
    static final Track VIDEO = new Track(Track.VIDEO, new Codec.Vp8(320, 180));
    static final Track AUDIO = new Track(Track.AUDIO, new Codec.Opus(2, 312));
    static final long MILLIS = 1_000_000;
    static final Publisher PUBLISHER = new Publisher(
            Publisher.Protocol.RTMP,
            "127.0.0.1:50123",
            "session",
            "login",
            Publisher.RecordWish.NO,
            Publisher.Expects.UNKNOWN);

    private Frames() {}

    static Frame video(long number, boolean keyframe) {
        return new Frame(VIDEO, number * 40 * MILLIS, number * 40 * MILLIS, keyframe, number(number));
    }

    /// A keyframe every `gop` frames, 40 ms apart.
    static Frame video(long number, int gop) {
        return video(number, number % gop == 0);
    }

    static Frame audio(long number) {
        return new Frame(AUDIO, number * 20 * MILLIS, number * 20 * MILLIS, true, number(number));
    }

    static Frame large(long number, boolean keyframe, int bytes) {
        return new Frame(VIDEO, number * 40 * MILLIS, number * 40 * MILLIS, keyframe, Bytes.wrap(new byte[bytes]));
    }

    private static Bytes number(long number) {
        return Bytes.ofU8((int) (number >> 24), (int) (number >> 16), (int) (number >> 8), (int) number);
    }

    static long number(Item item) {
        return ((Item.Media) item).frame().data().u32(0);
    }

    static List<Item> drain(Reader reader) {
        List<Item> items = new ArrayList<>();
        reader.drainTo(items);
        return items;
    }

    static List<Long> numbers(List<Item> items) {
        return items.stream()
                .filter(Item.Media.class::isInstance)
                .map(Frames::number)
                .toList();
    }

    /// Counts what flows back.
    static final class Back implements Feedback {
        final AtomicInteger keyframeRequests = new AtomicInteger();
        final List<Boolean> watched = new ArrayList<>();
        final List<String> terminated = new ArrayList<>();

        @Override
        public void requestKeyframe() {
            keyframeRequests.incrementAndGet();
        }

        @Override
        public synchronized void watched(boolean live) {
            watched.add(live);
        }

        @Override
        public synchronized void terminate(String reason) {
            terminated.add(reason);
        }
    }
}
