package tapedeck.protocol.rtmp;

import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.MalformedException;
import tapedeck.container.flv.FlvDemuxer;
import tapedeck.container.flv.FlvItem;
import tapedeck.container.flv.FlvMetadata;
import tapedeck.container.flv.FlvTag;
import tapedeck.net.BadPackets;
import tapedeck.net.Connection;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// One publication of a connection: audio, video and metadata messages become frames of a stream.
final class RtmpPublishing implements Feedback {
    private final Connection connection;
    private final int streamId;
    private final BadPackets badPackets;
    private final FlvDemuxer demuxer = new FlvDemuxer();
    private final Publication publication;
    private boolean ended;

    /// @param login the publisher's name; one is made up for ""
    RtmpPublishing(Connection connection, Streams streams, StreamName name, int streamId, String login, Random random)
            throws NameTakenException {
        this.connection = connection;
        this.streamId = streamId;
        this.badPackets = new BadPackets("rtmp " + connection.peer() + " \"" + name + '"');
        Publisher publisher = new Publisher(
                Publisher.Protocol.RTMP,
                connection.peer(),
                UUID.randomUUID().toString(),
                login.isEmpty() ? Publisher.randomLogin(random) : login,
                Publisher.RecordWish.AS_CONFIGURED,
                Publisher.Expects.UNKNOWN);
        publication = streams.publish(name, publisher, this);
        // Whoever subscribed in the meantime has put its wish behind this on the event loop.
        connection.paced(true);
    }

    int streamId() {
        return streamId;
    }

    StreamName name() {
        return publication.stream().name();
    }

    /// @return the name of a codec that is not supported and ends the publication, or null
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
                publication.write(media.frame());
                yield null;
            }
            case FlvItem.Header header -> {
                publication.announce(header.track());
                yield null;
            }
            case FlvItem.Unsupported unsupported -> {
                publication.refuse();
                yield unsupported.codec();
            }
            case FlvItem.Nothing _ -> null;
        };
    }

    private @Nullable String metadata(RtmpMessage.Data message) {
        FlvMetadata metadata = FlvMetadata.of(message.values());
        if (metadata != null && (metadata.video() || metadata.audio())) {
            publication.expect(Publisher.Expects.of(metadata.video(), metadata.audio()));
        }
        return null;
    }

    /// Frees the name.
    void end(String reason) {
        ended = true;
        connection.paced(false);
        publication.close(reason);
        badPackets.report();
    }

    /// RTMP has no such message: its encoders send keyframes as they were set up.
    @Override
    public void requestKeyframe() {}

    @Override
    public void watched(boolean live) {
        connection.execute(() -> connection.paced(!live && !ended));
    }

    @Override
    public void terminate(String reason) {
        connection.execute(() -> {
            if (!ended) {
                connection.end(reason);
            }
        });
    }
}
