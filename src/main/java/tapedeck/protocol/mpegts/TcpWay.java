package tapedeck.protocol.mpegts;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.net.Connection;
import tapedeck.net.Conversation;
import tapedeck.net.EventLoops;
import tapedeck.net.TcpClient;
import tapedeck.relay.RelayTarget;

/// Bytes over TCP. While the target takes nothing, nothing is taken out of the stream: the reader drops whole groups of
/// pictures then, and the publisher does not notice.
final class TcpWay implements TsPush.Way, Conversation {
    /// A target that takes nothing for so long is gone.
    static final long STALL_NANOS = 30_000_000_000L;

    private static final int POLL_MILLIS = 20;

    private final Connection connection;
    private volatile @Nullable String ended;

    TcpWay(RelayTarget target, EventLoops loops) throws IOException, InterruptedException {
        connection = new TcpClient(loops).connect(target.address(), null, _ -> this);
    }

    @Override
    public void send(List<Bytes> batch) throws IOException, InterruptedException {
        long begun = System.nanoTime();
        while (ended == null && !connection.isWritable()) {
            if (System.nanoTime() - begun > STALL_NANOS) {
                throw new IOException("the target took nothing for 30 s");
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        String reason = ended;
        if (reason != null) {
            throw new IOException(reason);
        }
        for (Bytes part : batch) {
            connection.execute(() -> {
                ByteBuf buffer = connection.buffer(part.length());
                buffer.writeBytes(part.asByteBuffer());
                connection.send(buffer);
            });
        }
    }

    /// What was sent still reaches the target, if it takes it soon.
    @Override
    public void close() {
        connection.execute(() -> connection.end("the push is over"));
    }

    /// Targets have nothing to say.
    @Override
    public void received(ByteBuf bytes) {
        bytes.skipBytes(bytes.readableBytes());
    }

    @Override
    public void swept(long nowNanos) {}

    @Override
    public void ended(String reason) {
        ended = reason;
    }
}
