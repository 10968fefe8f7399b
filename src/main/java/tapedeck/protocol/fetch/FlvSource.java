package tapedeck.protocol.fetch;

import tapedeck.bytes.BadPackets;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.flv.FlvDemuxer;
import tapedeck.container.flv.FlvItem;
import tapedeck.container.flv.FlvMetadata;
import tapedeck.container.flv.FlvReader;
import tapedeck.container.flv.FlvTag;
import tapedeck.stream.Publisher;

/// An FLV file.
final class FlvSource implements SourceReader {
    private final Outlet outlet;
    private final FlvReader reader = new FlvReader(this::tag);
    private final FlvDemuxer demuxer = new FlvDemuxer();
    private final BadPackets badPackets = new BadPackets("pull of FLV");

    FlvSource(Outlet outlet) {
        this.outlet = outlet;
    }

    @Override
    public void receive(Bytes bytes) {
        reader.receive(bytes);
    }

    @Override
    public void end() {
        badPackets.report();
    }

    @Override
    public void discontinuity() {}

    private void tag(FlvTag tag) {
        try {
            switch (tag.type()) {
                case FlvTag.AUDIO -> pass(demuxer.audio(tag.timestampMillis(), tag.body()));
                case FlvTag.VIDEO -> pass(demuxer.video(tag.timestampMillis(), tag.body()));
                default -> {
                    FlvMetadata metadata = FlvMetadata.read(tag.body());
                    if (metadata != null && (metadata.video() || metadata.audio())) {
                        outlet.expect(Publisher.Expects.of(metadata.video(), metadata.audio()));
                    }
                }
            }
        } catch (MalformedException e) {
            badPackets.count(e);
        }
    }

    private void pass(FlvItem item) {
        switch (item) {
            case FlvItem.Media media -> outlet.frame(media.frame());
            case FlvItem.Header header -> outlet.track(header.track());
            case FlvItem.Unsupported unsupported -> outlet.unsupported(unsupported.codec());
            case FlvItem.Nothing _ -> {}
        }
    }
}
