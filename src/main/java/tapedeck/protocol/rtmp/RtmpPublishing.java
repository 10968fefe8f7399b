package tapedeck.protocol.rtmp;

import java.util.Random;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.net.Connection;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// One publication of a connection: audio, video and metadata messages become frames of a stream.
final class RtmpPublishing implements Feedback, RtmpInput.Output {
    private final Connection connection;
    private final int streamId;
    private final RtmpInput input;
    private final Publication publication;
    private boolean ended;

    /// @param login the publisher's name; one is made up for ""
    RtmpPublishing(Connection connection, Streams streams, StreamName name, int streamId, String login, Random random)
            throws NameTakenException {
        this.connection = connection;
        this.streamId = streamId;
        this.input = new RtmpInput("rtmp " + connection.peer() + " \"" + name + '"', this);
        Publisher publisher = Publisher.asConfigured(
                Publisher.Protocol.RTMP, connection.peer(), login, Publisher.Expects.UNKNOWN, random);
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
        String unsupported = input.receive(message);
        if (unsupported != null) {
            publication.refuse();
        }
        return unsupported;
    }

    @Override
    public void write(Frame frame) {
        publication.write(frame);
    }

    @Override
    public void announce(Track track) {
        publication.announce(track);
    }

    @Override
    public void expect(Publisher.Expects expects) {
        publication.expect(expects);
    }

    /// Frees the name.
    void end(String reason) {
        ended = true;
        connection.paced(false);
        publication.close(reason);
        input.end();
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
