package tapedeck.peers;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.net.ssl.SSLContext;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.flv.Amf0;

/// A small RTMP client that publishes any FLV tags with any timestamps, plays, and can misbehave at every step.
///
/// ```
/// try (RtmpClient client = RtmpClient.connected(port)) {
///     client.publish("a");
///     client.send(FlvFile.read(file).shifted(10_000));
///     client.unpublish();
/// }
/// ```
public final class RtmpClient implements AutoCloseable {
    private static final int HANDSHAKE_BYTES = 1536;
    private static final int CHUNK_SIZE = 4096;
    private static final int COMMANDS = 3;
    private static final int MEDIA = 4;

    /// @param type 20 command, 18 data, 8 audio, 9 video …
    public record Message(int type, int streamId, int timestampMillis, Bytes body) {
        public List<Object> values() {
            return Amf0.readAll(body.reader());
        }
    }

    /// What `onStatus` said.
    public record Status(String level, String code, String description) {}

    private static final class Lane {
        int timestampMillis;
        int length;
        int type;
        int streamId;
        boolean extended;
        ByteArrayOutputStream body = new ByteArrayOutputStream();
    }

    private final Socket socket;
    private final DataInputStream in;
    private final Map<Integer, Lane> lanes = new HashMap<>();
    private final RtmpChunks chunks = new RtmpChunks();
    private int peerChunkSize = 128;
    private int streamId;

    private RtmpClient(Socket socket) throws IOException {
        this.socket = socket;
        in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream(), 1 << 16));
    }

    /// A bare connection.
    public static RtmpClient open(int port) throws IOException {
        return open(port, 0);
    }

    /// A bare connection with a receive buffer of about this size; 0 leaves it to the system.
    public static RtmpClient open(int port, int receiveBufferBytes) throws IOException {
        Socket socket = new Socket();
        if (receiveBufferBytes > 0) {
            socket.setReceiveBufferSize(receiveBufferBytes);
        }
        return new RtmpClient(connected(socket, port));
    }

    private static Socket connected(Socket socket, int port) throws IOException {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), Await.DEADLINE_MILLIS);
        socket.setSoTimeout(Await.DEADLINE_MILLIS);
        socket.setTcpNoDelay(true);
        return socket;
    }

    /// A bare connection over TLS.
    public static RtmpClient secured(int port, SSLContext trusting) throws IOException {
        return new RtmpClient(connected(trusting.getSocketFactory().createSocket(), port));
    }

    /// Handshake and `connect` done.
    public static RtmpClient connected(int port) throws IOException {
        return open(port).handshake().connect("live");
    }

    public RtmpClient handshake() throws IOException {
        byte[] c0c1 = new byte[1 + HANDSHAKE_BYTES];
        new Random(1).nextBytes(c0c1);
        c0c1[0] = 3;
        java.util.Arrays.fill(c0c1, 1, 9, (byte) 0);
        raw(c0c1);
        byte[] s0s1s2 = in.readNBytes(1 + 2 * HANDSHAKE_BYTES);
        if (s0s1s2.length != 1 + 2 * HANDSHAKE_BYTES) {
            throw new IOException("the server closed the connection in the handshake");
        }
        raw(java.util.Arrays.copyOfRange(s0s1s2, 1, 1 + HANDSHAKE_BYTES));
        return this;
    }

    public RtmpClient connect(String app) throws IOException {
        chunkSize(CHUNK_SIZE);
        command(0, "connect", 1, Map.of("app", app, "tcUrl", "rtmp://127.0.0.1/" + app));
        awaitResult(1);
        return this;
    }

    public void chunkSize(int bytes) throws IOException {
        raw(chunks.message(2, 1, 0, 0, new ByteWriter().u32(bytes).toBytes()));
        chunks.chunkSize(bytes);
    }

    /// `createStream`; what comes next belongs to it.
    public int createStream() throws IOException {
        command(0, "createStream", 2, new Object[] {null});
        streamId = ((Double) awaitResult(2).get(3)).intValue();
        return streamId;
    }

    /// Publishes, and fails if that is refused.
    public RtmpClient publish(String name) throws IOException {
        Status status = tryPublish(name);
        if (!status.code().equals("NetStream.Publish.Start")) {
            throw new AssertionError("publishing " + name + ": " + status);
        }
        return this;
    }

    public Status tryPublish(String name) throws IOException {
        createStream();
        command(streamId, "publish", 3, null, name, "live");
        return awaitStatus();
    }

    /// Plays, and fails if that is refused; media are read by [#read()].
    public RtmpClient play(String name) throws IOException {
        Status status = tryPlay(name);
        if (!status.code().equals("NetStream.Play.Start")) {
            throw new AssertionError("playing " + name + ": " + status);
        }
        return this;
    }

    public Status tryPlay(String name) throws IOException {
        createStream();
        command(streamId, "play", 4, null, name, -2000);
        Status status = awaitStatus();
        return status.code().equals("NetStream.Play.Reset") ? awaitStatus() : status;
    }

    public void unpublish() throws IOException {
        command(0, "deleteStream", 5, null, streamId);
    }

    /// All tags, as fast as the server takes them.
    public void send(FlvFile file) throws IOException {
        send(file.tags());
    }

    public void send(List<FlvFile.Tag> tags) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (FlvFile.Tag tag : tags) {
            out.writeBytes(bytes(tag));
            if (out.size() > 1 << 16) {
                raw(out.toByteArray());
                out.reset();
            }
        }
        raw(out.toByteArray());
    }

    public void send(FlvFile.Tag tag) throws IOException {
        raw(bytes(tag));
    }

    /// A tag as the bytes of its message; whoever takes them has to send them.
    public byte[] bytes(FlvFile.Tag tag) {
        int lane = MEDIA + (tag.video() ? 2 : tag.audio() ? 0 : 1);
        return chunks.message(lane, tag.type(), streamId, tag.timestampMillis(), tag.body());
    }

    public void command(int onStream, String name, double transaction, Object... arguments) throws IOException {
        ByteWriter body = Amf0.write(new ByteWriter(), name, transaction);
        Amf0.write(body, arguments);
        message(COMMANDS, 20, onStream, 0, body.toBytes());
    }

    public void message(int chunkStream, int type, int onStream, int timestampMillis, Bytes body) throws IOException {
        raw(chunks.message(chunkStream, type, onStream, timestampMillis, body));
    }

    public void raw(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    public int streamId() {
        return streamId;
    }

    public Socket socket() {
        return socket;
    }

    public Status awaitStatus() throws IOException {
        while (true) {
            Message message = read();
            if (message.type() == 20 && message.values().get(0).equals("onStatus")) {
                Map<?, ?> status = (Map<?, ?>) message.values().get(3);
                return new Status("" + status.get("level"), "" + status.get("code"), "" + status.get("description"));
            }
        }
    }

    /// The values of the answer to the command with this number.
    public List<Object> awaitResult(double transaction) throws IOException {
        while (true) {
            Message message = read();
            if (message.type() == 20 && message.values().get(1).equals(transaction)) {
                if (!message.values().get(0).equals("_result")) {
                    throw new AssertionError("" + message.values());
                }
                return message.values();
            }
        }
    }

    /// The next message of any kind but a chunk size.
    ///
    /// @throws java.io.EOFException when the server has closed the connection
    public Message read() throws IOException {
        while (true) {
            Message message = readChunk();
            if (message != null && message.type() == 1) {
                peerChunkSize = message.body().i32(0);
            } else if (message != null) {
                return message;
            }
        }
    }

    private Message readChunk() throws IOException {
        int first = in.readUnsignedByte();
        Lane lane = lanes.computeIfAbsent(first & 0x3F, _ -> new Lane());
        int fmt = first >> 6;
        if (fmt < 3) {
            int field = medium();
            if (fmt < 2) {
                lane.length = medium();
                lane.type = in.readUnsignedByte();
            }
            if (fmt == 0) {
                lane.streamId = Integer.reverseBytes(in.readInt());
            }
            lane.extended = field == 0xFFFFFF;
            int time = lane.extended ? in.readInt() : field;
            lane.timestampMillis = fmt == 0 ? time : lane.timestampMillis + time;
        } else if (lane.extended) {
            in.readInt();
        }
        int count = Math.min(peerChunkSize, lane.length - lane.body.size());
        byte[] part = in.readNBytes(count);
        if (part.length < count) {
            throw new java.io.EOFException();
        }
        lane.body.writeBytes(part);
        if (lane.body.size() < lane.length) {
            return null;
        }
        Bytes body = Bytes.wrap(lane.body.toByteArray());
        lane.body = new ByteArrayOutputStream();
        return new Message(lane.type, lane.streamId, lane.timestampMillis, body);
    }

    private int medium() throws IOException {
        return in.readUnsignedByte() << 16 | in.readUnsignedShort();
    }

    /// Reads on until the server closes, and fails if it does not.
    public void awaitClosed() throws IOException {
        byte[] rest = new byte[1 << 16];
        try {
            while (in.read(rest) >= 0) {
                // whatever it still had to say
            }
        } catch (java.net.SocketTimeoutException e) {
            throw new AssertionError("the server did not close the connection", e);
        } catch (java.net.SocketException e) {
            // a reset is an end too
        }
    }

    /// Disappears without a word: the kernel sends a reset.
    public void vanish() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
