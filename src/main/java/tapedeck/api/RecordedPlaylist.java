package tapedeck.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tapedeck.container.mp4.FragmentIndex;
import tapedeck.container.mp4.FragmentIndex.Fragment;

/// A media playlist (RFC 8216) of byte ranges over the fragments of a recording. While it grows, what was said once
/// stays as it is: a segment is listed when the next one has begun.
final class RecordedPlaylist {
    /// A segment ends behind this with the first fragment that has a keyframe.
    static final long SEGMENT_NANOS = 2_000_000_000L;
    /// Without one it ends all the same.
    static final int TARGET_SECONDS = 6;

    private static final long SECOND_NANOS = 1_000_000_000L;
    /// As exact as `EXTINF` is written. Times are rounded and not lengths, so that nothing adds up.
    private static final long TICK_NANOS = 10_000;

    /// Some fragments, one behind the other.
    record Segment(long offset, long bytes, long nanos) {}

    enum Kind {
        /// All of a finished recording.
        WHOLE,
        /// All of one that grows.
        GROWING,
        /// The last part of one that grows.
        PAST,
        /// The same when nothing comes any more.
        ENDED
    }

    private final List<Segment> segments = new ArrayList<>();
    private final int initBytes;

    /// @param whole whether nothing comes any more, so that the last fragments are a segment too
    RecordedPlaylist(FragmentIndex index, boolean whole) {
        this(index.initBytes(), index.fragments(), whole);
    }

    RecordedPlaylist(int initBytes, List<Fragment> fragments, boolean whole) {
        this.initBytes = initBytes;
        if (fragments.isEmpty()) {
            return;
        }
        int from = 0;
        long fromNanos = fragments.getFirst().startNanos();
        for (int i = 1; i < fragments.size(); i++) {
            // Of many streams, one may catch up with what is older than the fragments before.
            long start = fragments.get(i).startNanos();
            boolean due = start - fromNanos >= SEGMENT_NANOS && fragments.get(i).keyframe();
            long withNext = fragments.get(i).endNanos() - fromNanos;
            if (due || withNext > TARGET_SECONDS * SECOND_NANOS && start > fromNanos) {
                add(fragments, from, i, fromNanos, start);
                from = i;
                fromNanos = start;
            }
        }
        if (whole) {
            long end = Math.max(fromNanos, fragments.getLast().endNanos());
            add(fragments, from, fragments.size(), fromNanos, end);
        }
    }

    private void add(List<Fragment> fragments, int from, int to, long fromNanos, long toNanos) {
        Fragment last = fragments.get(to - 1);
        long offset = fragments.get(from).offset();
        segments.add(new Segment(offset, last.offset() + last.bytes() - offset, rounded(toNanos) - rounded(fromNanos)));
    }

    private static long rounded(long nanos) {
        return Math.round(nanos / (double) TICK_NANOS) * TICK_NANOS;
    }

    List<Segment> segments() {
        return List.copyOf(segments);
    }

    int initBytes() {
        return initBytes;
    }

    /// Where the first segment begins that is no further back than this; 0 if nothing is.
    long pastOffset(long pastNanos) {
        int first = firstOf(pastNanos);
        return first == 0 ? 0 : segments.get(first).offset();
    }

    /// The first of the last segments that are this long together.
    private int firstOf(long pastNanos) {
        int first = segments.size();
        for (long nanos = 0; first > 0 && nanos < pastNanos; first--) {
            nanos += segments.get(first - 1).nanos();
        }
        return first;
    }

    /// @param uri of the fragments' own file
    /// @param pastNanos how much of the past is listed, of [Kind#PAST] and [Kind#ENDED]
    String write(Kind kind, String uri, long pastNanos) {
        int first = kind == Kind.PAST || kind == Kind.ENDED ? firstOf(pastNanos) : 0;
        long longest = segments.stream().mapToLong(Segment::nanos).max().orElse(0);
        long target = Math.max(TARGET_SECONDS, Math.round(longest / (double) SECOND_NANOS));
        StringBuilder out = new StringBuilder("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:" + target + '\n');
        switch (kind) {
            case WHOLE -> out.append("#EXT-X-PLAYLIST-TYPE:VOD\n");
            case GROWING -> out.append("#EXT-X-PLAYLIST-TYPE:EVENT\n");
            case PAST, ENDED ->
                out.append("#EXT-X-MEDIA-SEQUENCE:").append(first).append('\n');
        }
        out.append("#EXT-X-MAP:URI=\"%s\",BYTERANGE=\"%d@0\"\n".formatted(uri, initBytes));
        for (Segment segment : segments.subList(first, segments.size())) {
            out.append(String.format(Locale.ROOT, "#EXTINF:%.5f,", segment.nanos() / (double) SECOND_NANOS))
                    .append("\n#EXT-X-BYTERANGE:%d@%d\n%s\n".formatted(segment.bytes(), segment.offset(), uri));
        }
        if (kind == Kind.WHOLE || kind == Kind.ENDED) {
            out.append("#EXT-X-ENDLIST\n");
        }
        return out.toString();
    }
}
