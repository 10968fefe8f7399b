package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.FlvFile;
import tapedeck.peers.LiveSender;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.RtspClient;
import tapedeck.peers.ServerProcess;
import tapedeck.peers.TestMedia;
import tapedeck.peers.TsPieces;
import tapedeck.protocol.webrtc.WhipClient;

/// The publishers of one round of [Kill]: of five, two by RTMP and one each by WHIP, RTSP and MPEG-TS; by WHIP and RTSP
/// H.264 and VP8 in turn.
final class KillCrowd implements AutoCloseable {
    /// Longer than a round takes.
    static final int CLIP_SECONDS = 30;

    enum Way {
        RTMP,
        WHIP,
        RTSP,
        TS;

        private static final Way[] FIVE = {RTMP, RTMP, WHIP, RTSP, TS};

        static Way of(int index) {
            return FIVE[index % FIVE.length];
        }
    }

    /// What was sent of one stream when the server died.
    ///
    /// @param missedStart whether the server asked for a keyframe: the first came before it had the keys of SRTP
    /// @param opus whether its sound is Opus beside H.264, which becomes AAC where that is set
    record Sent(
            String name,
            Way way,
            double seconds,
            double frameMillis,
            boolean missedStart,
            boolean opus,
            List<Integer> pictures) {}

    /// What the publishers send, made once, and what each picture of it is known by.
    static final class Media {
        final List<FlvFile.Tag> tags = Clip.tags(CLIP_SECONDS);
        private final List<Integer> tagPictures = Scene.pictures(tags, Integer.MAX_VALUE).stream()
                .map(tag -> Clip.slices(tag.data()))
                .toList();
        private final List<Frame> h264 = TestMedia.h264(CLIP_SECONDS);
        private final List<Frame> vp8Opus =
                TestMedia.interleaved(TestMedia.vp8(CLIP_SECONDS), TestMedia.opus(CLIP_SECONDS));
        private final List<Frame> h264Opus = TestMedia.interleaved(h264, TestMedia.opus(CLIP_SECONDS));
        private final List<Frame> h264Aac = TestMedia.interleaved(h264, TestMedia.aac(CLIP_SECONDS));
        private final Map<List<Frame>, List<Integer>> pictures = new HashMap<>();

        Media() {
            for (List<Frame> frames : List.of(vp8Opus, h264Opus, h264Aac)) {
                pictures.put(
                        frames,
                        frames.stream()
                                .filter(frame -> frame.track().isVideo())
                                .map(frame -> frames == vp8Opus ? Clip.crc(frame.data()) : Clip.slices(frame.data()))
                                .toList());
            }
        }

        private List<Frame> frames(Way way, boolean vp8) {
            if (vp8) {
                return vp8Opus;
            }
            return way == Way.WHIP ? h264Opus : h264Aac;
        }
    }

    private final ServerProcess server;
    private final Media media;
    private final Map<String, LiveSender> senders = new TreeMap<>();
    private final Map<String, Way> ways = new HashMap<>();
    private final Map<String, List<Frame>> frames = new HashMap<>();
    private final Map<String, WhipClient> whip = new HashMap<>();
    private final List<AutoCloseable> clients = new ArrayList<>();

    KillCrowd(ServerProcess server, Media media) {
        this.server = server;
        this.media = media;
    }

    /// Connects one more, which begins to send at once.
    ///
    /// @param index says by which protocol and what
    void add(String name, int index) throws Exception {
        Way way = Way.of(index);
        boolean vp8 = index / Way.FIVE.length % 2 == 1;
        ways.put(name, way);
        if (way == Way.WHIP || way == Way.RTSP) {
            frames.put(name, media.frames(way, vp8));
        }
        LiveSender sender = switch (way) {
            case RTMP -> rtmp(name);
            case WHIP -> whip(name);
            case RTSP -> rtsp(name);
            case TS -> ts(name);
        };
        senders.put(name, sender);
        Thread.ofPlatform().daemon().start(sender);
    }

    private LiveSender rtmp(String name) throws IOException {
        RtmpClient client = RtmpClient.connected(server.port("RTMP")).publish(name);
        clients.add(client);
        return new LiveSender.OfRtmp(client, media.tags, System.nanoTime());
    }

    private LiveSender whip(String name) throws Exception {
        Codec[] codecs =
                TestMedia.tracks(frames.get(name)).stream().map(Track::codec).toArray(Codec[]::new);
        URI uri = URI.create("http://127.0.0.1:%d/whip/%s".formatted(server.port("HTTP"), name));
        WhipClient client = new WhipClient(uri, WhipClient.Options.of(codecs));
        clients.add(client);
        whip.put(name, client);
        return new LiveSender.OfWhip(client, frames.get(name), System.nanoTime());
    }

    private LiveSender rtsp(String name) throws IOException {
        RtspClient client = new RtspClient(server.port("RTSP"), name);
        clients.add(client);
        RtspClient.Answer answer = client.publish(TestMedia.tracks(frames.get(name)));
        assertEquals(200, answer.status(), answer::toString);
        return new LiveSender.OfRtsp(client, frames.get(name), System.nanoTime());
    }

    private LiveSender ts(String name) throws IOException {
        List<byte[]> pieces = TsPieces.of(media.tags, name);
        Socket socket = new Socket("127.0.0.1", server.port("MPEG-TS"));
        clients.add(socket);
        return new LiveSender.OfTs(socket, pieces, Clip.FRAME_MILLIS * 1_000_000L, System.nanoTime());
    }

    boolean allSend() {
        return senders.values().stream().allMatch(sender -> sender.sentNanos() > 0);
    }

    /// How far each is now.
    List<Sent> sent() {
        List<Sent> sent = new ArrayList<>();
        senders.forEach((name, sender) -> {
            List<Frame> own = frames.get(name);
            sent.add(new Sent(
                    name,
                    ways.get(name),
                    sender.sentNanos() / 1e9,
                    own != null ? 1000.0 / TestMedia.FRAMES_PER_SECOND : Clip.FRAME_MILLIS,
                    whip.containsKey(name) && whip.get(name).keyframeRequests() > 0,
                    own != null && own == media.h264Opus,
                    own == null ? media.tagPictures : media.pictures.get(own)));
        });
        return sent;
    }

    @Override
    public void close() throws Exception {
        senders.values().forEach(LiveSender::stop);
        for (AutoCloseable client : clients) {
            client.close();
        }
    }
}
