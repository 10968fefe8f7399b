package bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Map;

/// One publisher: a position in the shared clip, and a little state. Sends each message when its media time has come.
final class RtmpPublisher {
    enum State {
        CONNECTING,
        HANDSHAKE,
        COMMANDS,
        PUBLISHING,
        CLOSING,
        DONE,
        FAILED
    }

    private static final long PUBLISH_DEADLINE_NANOS = 30_000_000_000L;

    private final Clip clip;
    private final String name;
    private final InetSocketAddress server;
    private final long messages;
    private final ByteBuffer view;
    private final Chunks.Reader reader = new Chunks.Reader();
    private final ByteArrayOutputStream later = new ByteArrayOutputStream();
    private ByteBuffer in = ByteBuffer.allocate(8192);
    private ByteBuffer out;
    private SocketChannel channel;
    private SelectionKey key;
    private State state = State.CONNECTING;
    private String failure = "";
    private long bornNanos;
    private long startNanos;
    private long sent;
    private long bytes;
    private long worstLagMillis;
    private int streamId;
    private int loop;
    private int next;
    private int target;

    RtmpPublisher(Clip clip, String name, InetSocketAddress server, long messages) {
        this.clip = clip;
        this.name = name;
        this.server = server;
        this.messages = messages;
        this.view = clip.body.duplicate();
    }

    boolean over() {
        return state == State.DONE || state == State.FAILED;
    }

    boolean complete() {
        return state == State.DONE && sent == messages;
    }

    boolean publishing() {
        return state == State.PUBLISHING;
    }

    String failure() {
        return failure;
    }

    long bytes() {
        return bytes;
    }

    long worstLagMillis() {
        return worstLagMillis;
    }

    void open(Selector selector) {
        bornNanos = System.nanoTime();
        try {
            channel = SocketChannel.open();
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            key = channel.register(selector, SelectionKey.OP_CONNECT, this);
            if (channel.connect(server)) {
                connected();
            }
        } catch (IOException e) {
            fail(e.toString());
        }
    }

    void ready() {
        try {
            if (key.isConnectable() && channel.finishConnect()) {
                connected();
            }
            if (key.isValid() && key.isReadable()) {
                receive();
            }
            pump(System.nanoTime());
        } catch (Exception e) {
            fail(e.toString());
        }
    }

    void tick(long now) {
        try {
            pump(now);
        } catch (Exception e) {
            fail(e.toString());
        }
        if (!over() && now - bornNanos > PUBLISH_DEADLINE_NANOS && state.compareTo(State.PUBLISHING) < 0) {
            fail("no publish within 30 s: " + state);
        }
    }

    private void connected() {
        key.interestOps(SelectionKey.OP_READ);
        byte[] c01 = new byte[1537];
        c01[0] = 3;
        for (int i = 9; i < c01.length; i++) {
            c01[i] = (byte) (i * 31 + name.hashCode());
        }
        later.writeBytes(c01);
        state = State.HANDSHAKE;
    }

    private void fail(String reason) {
        if (over()) {
            return;
        }
        state = state == State.CLOSING ? State.DONE : State.FAILED;
        failure = reason;
        close();
    }

    private void close() {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            failure = failure + "; " + e;
        }
    }

    private void receive() throws IOException {
        int count;
        while ((count = channel.read(in)) > 0) {
            in.flip();
            if (state == State.HANDSHAKE && in.remaining() >= 3073) {
                handshake();
            }
            if (state.compareTo(State.HANDSHAKE) > 0) {
                reader.feed(in, this::message);
            }
            in.compact();
            if (!in.hasRemaining()) {
                in = ByteBuffer.allocate(in.capacity() * 2).put(in.flip());
            }
        }
        if (count < 0) {
            fail("the server closed the connection");
        }
    }

    private void handshake() {
        in.get();
        byte[] s1 = new byte[1536];
        in.get(s1);
        in.position(in.position() + 1536);
        later.writeBytes(s1);
        later.writeBytes(Chunks.control(Chunks.SET_CHUNK_SIZE, Chunks.SIZE));
        Amf connect = new Amf().string("connect").number(1);
        connect.object("app", "live", "type", "nonprivate", "tcUrl", "rtmp://127.0.0.1:" + server.getPort() + "/live");
        later.writeBytes(Chunks.command(0, connect));
        state = State.COMMANDS;
    }

    private void message(int type, int millis, ByteBuffer payload) throws IOException {
        if (type == Chunks.USER_CONTROL && payload.remaining() >= 6 && payload.getShort() == 6) {
            byte[] pong = ByteBuffer.allocate(6).putShort((short) 7).putInt(payload.getInt()).array();
            Chunks.message(later, 0, 2, 0, Chunks.USER_CONTROL, 0, pong, 0, pong.length);
        } else if (type == Chunks.COMMAND || type == Chunks.COMMAND_AMF3) {
            if (type == Chunks.COMMAND_AMF3) {
                payload.get();
            }
            String command = String.valueOf(Amf.read(payload));
            double transaction = Amf.read(payload) instanceof Double number ? number : 0;
            Amf.read(payload);
            command(command, transaction, Amf.read(payload));
        }
    }

    private void command(String command, double transaction, Object argument) {
        if (command.equals("_error") && (transaction == 1 || transaction == 4)) {
            fail("_error " + argument);
        } else if (command.equals("_result") && transaction == 1) {
            later.writeBytes(Chunks.command(0, new Amf().string("releaseStream").number(2).nothing().string(name)));
            later.writeBytes(Chunks.command(0, new Amf().string("FCPublish").number(3).nothing().string(name)));
            later.writeBytes(Chunks.command(0, new Amf().string("createStream").number(4).nothing()));
        } else if (command.equals("_result") && transaction == 4 && argument instanceof Double id) {
            streamId = id.intValue();
            Amf publish = new Amf().string("publish").number(5).nothing().string(name).string("live");
            later.writeBytes(Chunks.command(streamId, publish));
        } else if (command.equals("onStatus") && argument instanceof Map<?, ?> status) {
            if ("NetStream.Publish.Start".equals(status.get("code")) && state == State.COMMANDS) {
                later.writeBytes(clip.preface(streamId));
                startNanos = System.nanoTime();
                state = State.PUBLISHING;
            } else if ("error".equals(status.get("level"))) {
                fail(String.valueOf(status));
            }
        }
    }

    /// Sends what may be sent now: commands only between media messages.
    private void pump(long now) throws IOException {
        if (over() || state == State.CONNECTING) {
            return;
        }
        boolean room = true;
        while (room && !over()) {
            if (view.position() == boundary()) {
                if (out == null && later.size() > 0) {
                    out = ByteBuffer.wrap(later.toByteArray());
                    later.reset();
                }
                if (out != null) {
                    bytes += channel.write(out);
                    if (out.hasRemaining()) {
                        break;
                    }
                    out = null;
                    continue;
                }
                if (state == State.CLOSING) {
                    channel.shutdownOutput();
                    state = State.DONE;
                    close();
                    return;
                }
                if (state != State.PUBLISHING || !aim(now)) {
                    break;
                }
            }
            view.limit(clip.end[target - 1]);
            int wanted = view.remaining();
            int count = channel.write(view);
            bytes += count;
            room = count == wanted;
            if (room) {
                sent += target - next;
                next = target;
                if (sent >= messages) {
                    finish();
                }
            }
        }
        if (key.isValid()) {
            boolean blocked = out != null || view.position() != boundary();
            key.interestOps(SelectionKey.OP_READ | (blocked ? SelectionKey.OP_WRITE : 0));
        }
    }

    private int boundary() {
        return next == 0 ? 0 : clip.end[next - 1];
    }

    /// Chooses the next run of whole messages; false when none is due.
    private boolean aim(long now) {
        if (next == clip.millis.length) {
            next = 0;
            target = 0;
            loop++;
            view.clear();
        }
        int stop = (int) Math.min(clip.millis.length, next + messages - sent);
        int i = next;
        long dueMillis = (now - startNanos) / 1_000_000 - (long) loop * clip.loopMillis;
        if (i < stop) {
            worstLagMillis = Math.max(worstLagMillis, dueMillis - clip.millis[i]);
        }
        while (i < stop && clip.millis[i] <= dueMillis) {
            i++;
        }
        target = i;
        return i > next;
    }

    private void finish() {
        later.writeBytes(Chunks.command(0, new Amf().string("FCUnpublish").number(6).nothing().string(name)));
        later.writeBytes(Chunks.command(0, new Amf().string("deleteStream").number(7).nothing().number(streamId)));
        state = State.CLOSING;
    }
}
