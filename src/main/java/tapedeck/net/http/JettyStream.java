package tapedeck.net.http;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;

/// [HttpStream] over Jetty's asynchronous answer. It is the callback of its own writes: a thousand players cost no
/// object for each part.
final class JettyStream implements HttpStream, Callback {
    /// What the kernel keeps for a peer that is slower than its stream: what waits here is late already, and what waits
    /// in front of it can still be left out. The kernel doubles it.
    static final int SEND_BUFFER_BYTES = 128 * 1024;

    private static final Logger log = LoggerFactory.getLogger(JettyStream.class);

    private final Response response;
    private final EndPoint endPoint;
    private final Callback completion;
    private final AtomicBoolean completed = new AtomicBoolean();
    private volatile @Nullable Taken writing;

    JettyStream(Request request, Response response, Callback completion) {
        this.response = response;
        this.endPoint = request.getConnectionMetaData().getConnection().getEndPoint();
        this.completion = completion;
        limitSendBuffer(endPoint);
    }

    static void limitSendBuffer(EndPoint endPoint) {
        if (endPoint.getTransport() instanceof SocketChannel socket) {
            try {
                socket.setOption(StandardSocketOptions.SO_SNDBUF, SEND_BUFFER_BYTES);
            } catch (IOException e) {
                // The first write will say it.
                log.debug("send buffer: {}", e.toString());
            }
        }
    }

    @Override
    public void write(Bytes part, Taken taken) {
        writing = taken;
        response.write(false, part.asByteBuffer(), this);
    }

    @Override
    public InvocationType getInvocationType() {
        return InvocationType.NON_BLOCKING;
    }

    @Override
    public void succeeded() {
        Taken told = writing;
        writing = null;
        if (told != null) {
            told.taken();
        }
    }

    @Override
    public void failed(Throwable failure) {
        Taken told = writing;
        writing = null;
        if (completed.compareAndSet(false, true)) {
            completion.failed(failure);
        }
        if (told != null) {
            told.gone();
        }
    }

    @Override
    public void end() {
        if (completed.compareAndSet(false, true)) {
            response.write(true, ByteBuffer.allocate(0), completion);
        }
    }

    @Override
    public void cut() {
        endPoint.close();
        if (writing == null && completed.compareAndSet(false, true)) {
            completion.failed(new EofException("cut"));
        }
    }
}
