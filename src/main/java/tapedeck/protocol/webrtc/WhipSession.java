package tapedeck.protocol.webrtc;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.protocol.webrtc.dtls.DtlsKeys;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.rtp.srtp.SrtpReceiver;
import tapedeck.stream.Feedback;
import tapedeck.stream.Item;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.SessionReport;

/// One publisher: what it sends becomes a stream.
final class WhipSession extends PeerSession {
    /// Two 4K pictures' worth at once, 180 Mbit/s for long.
    static final int MAX_PACKETS_PER_SECOND = 20_000;

    private static final Kind KIND =
            new Kind(SessionReport.Direction.PUBLISHES, "WebRTC", "whip", MAX_PACKETS_PER_SECOND);

    private final Publisher.RecordWish recording;
    private final Audiences audiences;
    private final FloodLimit flood = new FloodLimit();
    private @Nullable Publication publication;
    private @Nullable InboundMedia media;

    WhipSession(Agreed agreed, Publisher.RecordWish recording, Audiences audiences, IceCredentials ice, Place place) {
        super(KIND, agreed, ice, place);
        this.audiences = audiences;
        this.recording = recording;
    }

    @Override
    @Nullable
    SessionMedia begin(DtlsKeys keys, long nowNanos) {
        Publisher publisher =
                new Publisher(Publisher.Protocol.WEBRTC, address(), id(), login(), recording, expects(answer()));
        try {
            Publication opened = streams().publish(name(), publisher, new Wishes());
            publication = opened;
            InboundMedia inbound =
                    new InboundMedia(answer().agreed(), keys.local(), opened, transport()::send, nowNanos);
            media = inbound;
            audiences.offer(opened.stream(), inbound.layers());
            return inbound;
        } catch (NameTakenException e) {
            end(String.valueOf(e.getMessage()));
            return null;
        }
    }

    private static Publisher.Expects expects(Answer answer) {
        if (!answer.hasVideo()) {
            return Publisher.Expects.AUDIO;
        }
        return !answer.hasAudio() ? Publisher.Expects.VIDEO : Publisher.Expects.BOTH;
    }

    @Override
    boolean said(Item.Message message) {
        Publication opened = publication;
        return opened != null && opened.message(message);
    }

    @Override
    void rtp(SrtpReceiver receiver, byte[] packet, int length, long arrivalNanos) {
        Bytes plain = receiver.unprotectRtp(packet, 0, length);
        InboundMedia inbound = media;
        if (plain != null && inbound != null && flood.admits(length, arrivalNanos)) {
            transport().heard(arrivalNanos);
            inbound.rtp(plain, arrivalNanos);
        }
    }

    @Override
    long excess() {
        return flood.dropped();
    }

    @Override
    void left(String reason) {
        Publication opened = publication;
        media = null;
        if (opened != null) {
            audiences.offer(opened.stream(), null);
            opened.close(reason);
        }
    }

    /// From any thread, also under the stream's lock: only schedules.
    private final class Wishes implements Feedback {
        // The session is shown with all that WebRTC knows.
        @Override
        public boolean isPeer() {
            return false;
        }

        @Override
        public void requestKeyframe() {
            port().later(() -> {
                InboundMedia inbound = media;
                if (inbound != null) {
                    inbound.requestKeyframe();
                }
            });
        }

        /// Media is read as it comes, watched or not: feedback to the peer cannot wait.
        @Override
        public void watched(boolean live) {}

        @Override
        public void message(Item.Message message) {
            port().later(() -> WhipSession.this.message(message));
        }

        @Override
        public void terminate(String reason) {
            port().later(() -> end(reason));
        }
    }
}
