package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import tapedeck.bytes.ByteWriter;
import tapedeck.container.flv.Amf0;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.FlvFile;
import tapedeck.peers.LiveSender;
import tapedeck.peers.RtmpClient;
import tapedeck.peers.RtspClient;
import tapedeck.peers.ServerProcess;
import tapedeck.peers.TestMedia;
import tapedeck.peers.TsPieces;

/// Sends pictures and sound over any protocol as their times say, so that what is missing of them is a silence.
final class StallingPublisher extends LiveSender implements AutoCloseable {
    enum Way {
        RTMP,
        RTSP,
        RTSP_UDP,
        TS,
        TS_UDP,
        LIVEFLV;

        /// Whether the server makes its own clock of what it hears of the sender's.
        boolean isRtp() {
            return this == RTSP || this == RTSP_UDP;
        }
    }

    private static final int DATAGRAM_BYTES = 7 * 188;
    private static final int FLV_HEAD_BYTES = 13;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private interface Step {
        void run() throws IOException;
    }

    /// What is sent at a time.
    private record Part(long dueNanos, Step step) {}

    private final List<Part> parts = new ArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final Way way;
    private final Thread thread;
    private Step goodbye = () -> {};
    private List<Integer> serverPorts = List.of();

    /// Connects.
    ///
    /// @param startNanos when time 0 is
    StallingPublisher(ServerProcess server, Way way, String name, List<FlvFile.Tag> tags, long startNanos)
            throws IOException {
        super(startNanos);
        this.way = way;
        thread = Thread.ofPlatform().daemon().name(name).unstarted(this);
        switch (way) {
            case RTMP -> rtmp(server, name, tags);
            case RTSP, RTSP_UDP -> rtsp(server, name, tags);
            case TS, TS_UDP -> transportStream(server, name, tags);
            case LIVEFLV -> flv(server, name, tags);
        }
    }

    Way way() {
        return way;
    }

    private void rtmp(ServerProcess server, String name, List<FlvFile.Tag> tags) throws IOException {
        RtmpClient client = RtmpClient.connected(server.port("RTMP")).publish(name);
        open.add(client);
        goodbye = client::unpublish;
        tags.forEach(tag -> add(tag.timestampMillis(), () -> client.send(tag)));
    }

    private void rtsp(ServerProcess server, String name, List<FlvFile.Tag> tags) throws IOException {
        List<Frame> frames = frames(tags);
        List<Track> tracks = TestMedia.tracks(frames);
        RtspClient client = new RtspClient(server.port("RTSP"), name);
        open.add(client);
        RtspClient.Answer answer = way == Way.RTSP ? client.publish(tracks) : client.publishByDatagrams(tracks);
        assertEquals(200, answer.status(), answer::toString);
        goodbye = () -> client.say("TEARDOWN", client.url(), "");
        serverPorts = client.datagramPorts();
        add(0, () -> client.reportBeginning(tracks));
        for (Frame frame : frames) {
            add((int) (frame.dtsNanos() / NANOS_PER_MILLI), () -> client.send(tracks, List.of(frame)));
        }
    }

    private static List<Frame> frames(List<FlvFile.Tag> tags) throws IOException {
        Path flv = Files.createTempFile("stalling", ".flv");
        try {
            Files.write(flv, new FlvFile(tags).toBytes().toByteArray());
            return TestMedia.flv(flv);
        } finally {
            Files.delete(flv);
        }
    }

    /// Each piece when its picture is due.
    private void transportStream(ServerProcess server, String name, List<FlvFile.Tag> tags) throws IOException {
        List<byte[]> pieces = TsPieces.of(tags, name);
        List<FlvFile.Tag> pictures = Scene.pictures(tags, Integer.MAX_VALUE);
        assertEquals(pictures.size(), pieces.size());
        int port = server.port("MPEG-TS");
        Socket socket = way == Way.TS ? new Socket("127.0.0.1", port) : new Socket();
        DatagramSocket datagrams = new DatagramSocket();
        open.add(socket);
        open.add(datagrams);
        for (int i = 0; i < pieces.size(); i++) {
            byte[] piece = pieces.get(i);
            add(pictures.get(i).timestampMillis(), () -> {
                if (way == Way.TS) {
                    socket.getOutputStream().write(piece);
                    return;
                }
                for (int at = 0; at < piece.length; at += DATAGRAM_BYTES) {
                    int length = Math.min(DATAGRAM_BYTES, piece.length - at);
                    datagrams.send(new DatagramPacket(piece, at, length, InetAddress.getLoopbackAddress(), port));
                }
            });
        }
    }

    private void flv(ServerProcess server, String name, List<FlvFile.Tag> tags) throws IOException {
        Socket socket = new Socket("127.0.0.1", server.port("LiveFLV"));
        open.add(socket);
        ByteWriter metadata = Amf0.write(new ByteWriter(), "onMetaData");
        Amf0.writeEcmaArray(metadata, Map.of("streamName", name));
        socket.getOutputStream()
                .write(new FlvFile(List.of(new FlvFile.Tag(18, 0, metadata.toBytes())))
                        .toBytes()
                        .toByteArray());
        for (FlvFile.Tag tag : tags) {
            byte[] whole = new FlvFile(List.of(tag)).toBytes().toByteArray();
            byte[] bytes = Arrays.copyOfRange(whole, FLV_HEAD_BYTES, whole.length);
            add(tag.timestampMillis(), () -> socket.getOutputStream().write(bytes));
        }
    }

    private void add(int millis, Step step) {
        parts.add(new Part(millis * NANOS_PER_MILLI, step));
    }

    @Override
    protected void send() throws IOException, InterruptedException {
        for (Part part : parts) {
            if (!awaitDue(part.dueNanos())) {
                return;
            }
            part.step().run();
            sent(part.dueNanos());
        }
    }

    /// Where its datagrams go, if it is by RTSP.
    List<Integer> serverPorts() {
        return serverPorts;
    }

    void start() {
        thread.start();
    }

    /// Waits until all is sent.
    void join() throws InterruptedException {
        thread.join();
    }

    /// Ends the stream as an encoder does; by datagrams nothing is said.
    void end() throws Exception {
        goodbye.run();
        close();
    }

    @Override
    public void close() throws Exception {
        stop();
        for (AutoCloseable one : open) {
            one.close();
        }
    }
}
