package tapedeck.protocol.rtmp;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.BadPackets;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.MalformedException;
import tapedeck.container.flv.FlvDemuxer;
import tapedeck.container.flv.FlvItem;
import tapedeck.container.flv.FlvMetadata;
import tapedeck.container.flv.FlvTag;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Publisher;

/// Audio, video and metadata messages become frames, whether somebody publishes them here or we fetch them.
final class RtmpInput {
    /// Where they go.
    interface Output {
        void write(Frame frame);

        void announce(Track track);

        void expect(Publisher.Expects expects);
    }

    private final BadPackets badPackets;
    private final Output output;
    private final FlvDemuxer demuxer = new FlvDemuxer();

    /// @param source for the log
    RtmpInput(String source, Output output) {
        this.badPackets = new BadPackets(source);
        this.output = output;
    }

    /// @return the name of a codec that is not supported and ends it, or null
    @Nullable
    String receive(RtmpMessage.Published message) {
        try {
            return switch (message) {
                case RtmpMessage.Audio audio -> pass(demuxer.audio(audio.timestampMillis(), audio.body()));
                case RtmpMessage.Video video -> pass(demuxer.video(video.timestampMillis(), video.body()));
                case RtmpMessage.Aggregate aggregate -> tags(aggregate);
                case RtmpMessage.Data data -> metadata(data);
            };
        } catch (MalformedException e) {
            badPackets.count(e);
            return null;
        }
    }

    /// 7.1.6: the tags' own timestamps count from the first one, which has the message's.
    private @Nullable String tags(RtmpMessage.Aggregate message) {
        ByteReader in = message.body().reader();
        int shiftMillis = 0;
        for (boolean first = true; in.hasRemaining(); first = false) {
            FlvTag tag = FlvTag.read(in);
            if (first) {
                shiftMillis = message.timestampMillis() - tag.timestampMillis();
            }
            int timestampMillis = tag.timestampMillis() + shiftMillis;
            String unsupported = switch (tag.type()) {
                case FlvTag.AUDIO -> pass(demuxer.audio(timestampMillis, tag.body()));
                case FlvTag.VIDEO -> pass(demuxer.video(timestampMillis, tag.body()));
                default -> null;
            };
            if (unsupported != null) {
                return unsupported;
            }
        }
        return null;
    }

    private @Nullable String pass(FlvItem item) {
        return switch (item) {
            case FlvItem.Media media -> {
                output.write(media.frame());
                yield null;
            }
            case FlvItem.Header header -> {
                output.announce(header.track());
                yield null;
            }
            case FlvItem.Unsupported unsupported -> unsupported.codec();
            case FlvItem.Nothing _ -> null;
        };
    }

    /// `@setDataFrame onMetaData {…}`, or without its first word.
    private @Nullable String metadata(RtmpMessage.Data message) {
        FlvMetadata metadata = FlvMetadata.of(message.values());
        if (metadata != null && (metadata.video() || metadata.audio())) {
            output.expect(Publisher.Expects.of(metadata.video(), metadata.audio()));
        }
        return null;
    }

    void end() {
        badPackets.report();
    }
}
