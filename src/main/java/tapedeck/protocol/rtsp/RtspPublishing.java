package tapedeck.protocol.rtsp;

import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import tapedeck.net.Connection;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// One publication of a connection: what its [MediaIntake] makes of the packets goes into a stream.
final class RtspPublishing implements Feedback {
    private final Connection connection;
    private final StreamName name;
    private final String login;
    private final MediaIntake intake;
    private final Random random;
    private @Nullable Publication publication;
    private boolean ended;

    /// @param login the publisher's name; one is made up for ""
    RtspPublishing(Connection connection, StreamName name, String login, List<AnnouncedTrack> tracks, Random random) {
        this.connection = connection;
        this.name = name;
        this.login = login;
        this.random = random;
        this.intake = new MediaIntake(connection, tracks);
    }

    StreamName name() {
        return name;
    }

    MediaIntake intake() {
        return intake;
    }

    /// From now on there is a stream, if there was none.
    void record(Streams streams) throws NameTakenException {
        if (publication != null) {
            return;
        }
        Publisher publisher =
                Publisher.asConfigured(Publisher.Protocol.RTSP, connection.peer(), login, intake.expects(), random);
        Publication published = streams.publish(name, publisher, this);
        publication = published;
        intake.described().forEach(published::describe);
        intake.start("rtsp %s \"%s\"".formatted(connection.peer(), name), published::write, published::missed);
        // Whoever subscribed in the meantime has put its wish behind this on the event loop.
        connection.paced(intake.isOverConnection());
    }

    /// Frees the name and the ports; what still waited is published.
    void end(String reason) {
        if (ended) {
            return;
        }
        ended = true;
        connection.paced(false);
        intake.end();
        if (publication != null) {
            publication.close(reason);
        }
    }

    /// What it was, with a space in front, for the line in the log when it is over.
    String summary() {
        return " publishing \"%s\" (%s)".formatted(name, intake.summary());
    }

    @Override
    public void requestKeyframe() {
        if (intake.canRequestKeyframe()) {
            connection.execute(intake::requestKeyframe);
        }
    }

    @Override
    public void watched(boolean live) {
        connection.execute(() -> connection.paced(intake.isOverConnection() && !live && !ended));
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
