package tapedeck.protocol.http;

import java.util.Formatter;
import java.util.List;
import java.util.Locale;

/// Writes media playlists: RFC 8216, and for low latency draft-pantos-hls-rfc8216bis.
final class HlsPlaylist {
    /// Whole segments whose parts are listed, rfc8216bis 4.4.4.9.
    private static final int WITH_PARTS = 2;

    private static final double NANOS = 1e9;

    /// @param discontinuities that have left the playlist
    record Facts(int targetSeconds, long discontinuities, boolean ended) {}

    private final Facts facts;
    private final String query;
    private final Formatter out = new Formatter(new StringBuilder("#EXTM3U\n"), Locale.ROOT);

    /// @param query goes behind every address in it
    HlsPlaylist(Facts facts, String query) {
        this.facts = facts;
        this.query = query;
    }

    /// @param segments all that are kept, the last of which may still grow
    /// @param nextNumber of the segment that comes
    String fragments(List<HlsSegment> segments, boolean lowLatency, long nextNumber) {
        out.format("#EXT-X-VERSION:6\n");
        out.format("#EXT-X-TARGETDURATION:%d\n", facts.targetSeconds());
        if (lowLatency) {
            double partTarget = HlsSegmenter.PART_TARGET_NANOS / NANOS;
            out.format("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=%.3f\n", 3 * partTarget);
            out.format("#EXT-X-PART-INF:PART-TARGET=%.3f\n", partTarget);
        }
        boolean growing = !segments.getLast().whole;
        int whole = segments.size() - (growing ? 1 : 0);
        List<HlsSegment> listed = segments.subList(Math.max(0, whole - HlsWindow.LISTED), segments.size());
        sequence(listed.getFirst());
        HlsSegment.Init init = null;
        for (int i = 0; i < listed.size(); i++) {
            HlsSegment segment = listed.get(i);
            if (!segment.whole && (!lowLatency || segment.parts.isEmpty())) {
                break;
            }
            if (segment.discontinuity) {
                out.format("#EXT-X-DISCONTINUITY\n");
            }
            // VLC 3 begins anew after a discontinuity, and forgets what it had.
            if (segment.discontinuity || !segment.init.equals(init)) {
                init = segment.init;
                out.format("#EXT-X-MAP:URI=\"init-%d.mp4%s\"\n", init.number(), query);
            }
            out.format("#EXT-X-PROGRAM-DATE-TIME:%s\n", segment.time);
            if (lowLatency && i >= listed.size() - (growing ? 1 : 0) - WITH_PARTS) {
                parts(segment);
            }
            if (segment.whole) {
                segment(segment, "m4s");
            }
        }
        if (facts.ended()) {
            out.format("#EXT-X-ENDLIST\n");
        } else if (lowLatency) {
            hint(segments.getLast(), nextNumber);
        }
        return out.toString();
    }

    private void sequence(HlsSegment first) {
        out.format("#EXT-X-MEDIA-SEQUENCE:%d\n", first.number);
        out.format("#EXT-X-DISCONTINUITY-SEQUENCE:%d\n", facts.discontinuities());
    }

    private void segment(HlsSegment segment, String extension) {
        out.format("#EXTINF:%.5f,\n", segment.durationNanos() / NANOS);
        out.format("seg-%d.%s%s\n", segment.number, extension, query);
    }

    private void parts(HlsSegment segment) {
        for (int i = 0; i < segment.parts.size(); i++) {
            HlsSegment.Part part = segment.parts.get(i);
            out.format(
                    "#EXT-X-PART:DURATION=%.5f,URI=\"part-%d-%d.m4s%s\"%s\n",
                    part.durationNanos() / NANOS,
                    segment.number,
                    i,
                    query,
                    part.independent() ? ",INDEPENDENT=YES" : "");
        }
    }

    private void hint(HlsSegment last, long nextNumber) {
        out.format(
                "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"part-%d-%d.m4s%s\"\n",
                last.whole ? nextNumber : last.number, last.whole ? 0 : last.parts.size(), query);
    }

    /// For players of RFC 8216's first years: version 3 and nothing of later ones.
    ///
    /// @param whole those that are there in MPEG-TS
    String transportStreams(List<HlsSegment> whole) {
        out.format("#EXT-X-VERSION:3\n");
        out.format("#EXT-X-TARGETDURATION:%d\n", facts.targetSeconds());
        List<HlsSegment> listed = whole.subList(Math.max(0, whole.size() - HlsWindow.LISTED), whole.size());
        sequence(listed.getFirst());
        for (HlsSegment segment : listed) {
            if (segment.discontinuity) {
                out.format("#EXT-X-DISCONTINUITY\n");
            }
            out.format("#EXT-X-PROGRAM-DATE-TIME:%s\n", segment.time);
            segment(segment, "ts");
        }
        if (facts.ended()) {
            out.format("#EXT-X-ENDLIST\n");
        }
        return out.toString();
    }
}
