package tapedeck.protocol.fetch;

import tapedeck.bytes.Bytes;
import tapedeck.container.mp4.FragmentDemuxer;

/// A fragmented MP4.
final class Mp4Source implements SourceReader {
    private final FragmentDemuxer demuxer;

    Mp4Source(Outlet outlet) {
        demuxer = new FragmentDemuxer(outlet);
    }

    @Override
    public void receive(Bytes bytes) {
        demuxer.receive(bytes);
    }

    /// Whether it was refused because it can be read here and there only.
    boolean isIndexed() {
        return demuxer.isIndexed();
    }

    @Override
    public void end() {}

    @Override
    public void discontinuity() {}
}
