package tapedeck.protocol.fetch;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.container.matroska.MatroskaDemuxer;
import tapedeck.container.mp4.FragmentDemuxer;
import tapedeck.net.WrongProtocol;

/// Bytes of a file, in pieces of any size, become frames in an [Outlet].
sealed interface SourceReader permits TsSource, FlvSource, Mp4Source, MkvSource {
    /// @throws tapedeck.bytes.MalformedException if this cannot be what it says
    void receive(Bytes bytes);

    /// The end of a file, or of a segment: what waits comes out, and what comes next begins anew.
    void end();

    /// What comes next has another clock.
    void discontinuity();

    /// By the first bytes, or null for what is not read here.
    static @Nullable SourceReader of(Bytes first, Outlet outlet) {
        if (FragmentDemuxer.matches(first)) {
            return new Mp4Source(outlet);
        }
        if (MatroskaDemuxer.matches(first)) {
            return new MkvSource(outlet);
        }
        return switch (WrongProtocol.name(first)) {
            case "MPEG-TS" -> new TsSource(outlet);
            case "FLV" -> new FlvSource(outlet);
            case null, default -> null;
        };
    }
}
