package bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// One player that counts what it gets. It asks for the stream in blocking mode, and is read when there is something.
abstract sealed class Player {
    /// Of a clip with 30 pictures a second: a step between two pictures that is longer lost one.
    static final int MAX_STEP_MILLIS = 50;

    final SocketChannel channel;
    private ByteBuffer in = ByteBuffer.allocate(16 << 10);
    private long bytes;
    private long pictures;
    private long missing;
    private int lastMillis = -1;
    private long lastNanos;
    private long lastTail;

    private Player(InetSocketAddress server) throws IOException {
        channel = SocketChannel.open(server);
    }

    long bytes() {
        return bytes;
    }

    long pictures() {
        return pictures;
    }

    long missing() {
        return missing;
    }

    /// When its last picture came.
    long lastNanos() {
        return lastNanos;
    }

    /// What its last picture is known by: each player's time begins at 0.
    long lastTail() {
        return lastTail;
    }

    /// False at the end of the connection.
    final boolean receive() throws IOException {
        while (true) {
            int count = channel.read(in);
            if (count <= 0) {
                return count == 0;
            }
            bytes += count;
            in.flip();
            feed(in);
            in.compact();
            if (!in.hasRemaining()) {
                in = ByteBuffer.allocate(in.capacity() * 2).put(in.flip());
            }
        }
    }

    /// Takes what is whole out of `bytes`.
    abstract void feed(ByteBuffer bytes) throws IOException;

    /// @param end where the picture ends in `bytes`
    final void picture(int millis, ByteBuffer bytes, int end) {
        if (lastMillis >= 0 && millis - lastMillis > MAX_STEP_MILLIS) {
            missing += Math.round((millis - lastMillis) * 30 / 1000.0) - 1;
        }
        lastMillis = millis;
        lastNanos = System.nanoTime();
        lastTail = end < Long.BYTES ? 0 : bytes.getLong(end - Long.BYTES);
        pictures++;
    }

    final void write(byte[] data) throws IOException {
        for (ByteBuffer out = ByteBuffer.wrap(data); out.hasRemaining(); ) {
            channel.write(out);
        }
    }

    final ByteBuffer exactly(int count) throws IOException {
        ByteBuffer data = ByteBuffer.allocate(count);
        while (data.hasRemaining()) {
            if (channel.read(data) < 0) {
                throw new EOFException("the server closed the connection");
            }
        }
        return data.flip();
    }

    static final class Rtmp extends Player {
        private final Chunks.Reader reader = new Chunks.Reader();
        private final String name;
        private boolean playing;

        Rtmp(InetSocketAddress server, String name) throws IOException {
            super(server);
            this.name = name;
            byte[] c01 = new byte[1537];
            c01[0] = 3;
            write(c01);
            ByteBuffer s = exactly(1 + 2 * 1536);
            byte[] c2 = new byte[1536];
            s.get(1, c2);
            write(c2);
            write(Chunks.command(0, new Amf().string("connect").number(1).object("app", "live", "tcUrl", "rtmp://127.0.0.1/live")));
            write(Chunks.command(0, new Amf().string("createStream").number(2).nothing()));
        }

        @Override
        void feed(ByteBuffer bytes) throws IOException {
            reader.feed(bytes, this::message);
        }

        private void message(int type, int millis, ByteBuffer payload) throws IOException {
            if (type == Chunks.VIDEO && payload.remaining() > 5 && payload.get(1) == 1) {
                picture(millis, payload, payload.limit());
            } else if (type == Chunks.COMMAND) {
                String command = String.valueOf(Amf.read(payload));
                Object transaction = Amf.read(payload);
                Amf.read(payload);
                if (command.equals("_result") && transaction.equals(2.0) && !playing) {
                    playing = true;
                    int stream = ((Double) Amf.read(payload)).intValue();
                    write(Chunks.command(stream, new Amf().string("play").number(3).nothing().string(name)));
                } else if (command.equals("onStatus") && Amf.read(payload) instanceof Map<?, ?> status
                        && "error".equals(status.get("level"))) {
                    throw new IOException(status.toString());
                }
            }
        }
    }

    static final class Flv extends Player {
        private static final int NONE = -1;
        private int headLeft = NONE;

        Flv(InetSocketAddress server, String name) throws IOException {
            super(server);
            write("GET /live/%s.flv HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n\r\n"
                    .formatted(name, server.getPort())
                    .getBytes(StandardCharsets.US_ASCII));
        }

        @Override
        void feed(ByteBuffer in) throws IOException {
            if (headLeft == NONE && !head(in)) {
                return;
            }
            while (in.remaining() >= 15) {
                int at = in.position() + 4;
                int length = (in.getInt(at) & 0xffffff);
                if (in.remaining() < 15 + length) {
                    return;
                }
                int millis = in.getInt(at + 4) >>> 8 | (in.get(at + 7) & 255) << 24;
                if (in.get(at) == Chunks.VIDEO && length > 5 && in.get(at + 12) == 1) {
                    picture(millis, in, in.position() + 15 + length);
                }
                in.position(in.position() + 15 + length);
            }
        }

        /// Answer and FLV header, up to the size of the tag before the first.
        private boolean head(ByteBuffer in) throws IOException {
            String text = StandardCharsets.ISO_8859_1.decode(in.duplicate()).toString();
            int end = text.indexOf("\r\n\r\n");
            if (end < 0 || text.length() < end + 4 + 9) {
                return false;
            }
            if (!text.startsWith("HTTP/1.1 200") && !text.startsWith("HTTP/1.0 200")) {
                throw new IOException(text.substring(0, text.indexOf('\r')));
            }
            in.position(in.position() + end + 4 + 9);
            headLeft = 0;
            return true;
        }
    }
}
