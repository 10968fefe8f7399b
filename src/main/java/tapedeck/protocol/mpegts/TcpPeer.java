package tapedeck.protocol.mpegts;

import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.Connection;
import tapedeck.net.Conversation;
import tapedeck.net.WrongProtocol;
import tapedeck.rights.PlainEntrance;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Streams;

/// A transport stream over TCP: bytes, and nothing around them.
final class TcpPeer implements Conversation, TsPeer {
    /// Looked at together: whole packets of 188 bytes, as most send them, and few enough to stay in the processor's
    /// cache.
    private static final int PART_BYTES = 44 * 188;
    /// One for all peers of an event loop, and so it stays there: what is made of the bytes takes them at once.
    private static final ThreadLocal<byte[]> PARTS = ThreadLocal.withInitial(() -> new byte[PART_BYTES]);

    private final Connection connection;
    private final TsIngest ingest;
    private boolean known;

    TcpPeer(Connection connection, PlainEntrance entrance, Streams streams, ByteBudget budget) {
        this.connection = connection;
        this.ingest = new TsIngest(this, entrance, streams, budget);
    }

    @Override
    public void received(ByteBuf buffer) {
        byte[] part = PARTS.get();
        while (buffer.isReadable()) {
            int count = Math.min(part.length, buffer.readableBytes());
            buffer.readBytes(part, 0, count);
            Bytes bytes = Bytes.wrap(part, 0, count);
            if (!known) {
                known = true;
                String wrong = wrong(bytes);
                if (wrong != null) {
                    throw new MalformedException("this is %s, not MPEG-TS".formatted(wrong));
                }
            }
            ingest.receive(bytes);
        }
    }

    private static @Nullable String wrong(Bytes bytes) {
        String name = WrongProtocol.name(bytes);
        return "MPEG-TS".equals(name) ? null : name;
    }

    @Override
    public void swept(long nowNanos) {
        ingest.swept(nowNanos);
    }

    @Override
    public void ended(String reason) {
        ingest.ended(reason);
    }

    @Override
    public InetSocketAddress address() {
        return connection.remoteAddress();
    }

    @Override
    public String name() {
        return connection.peer();
    }

    @Override
    public void execute(Runnable task) {
        connection.execute(task);
    }

    @Override
    public void paced(boolean tick) {
        connection.paced(tick);
    }

    @Override
    public void end(String reason) {
        connection.end(reason);
    }
}
