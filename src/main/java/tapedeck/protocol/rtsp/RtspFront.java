package tapedeck.protocol.rtsp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.Connection;
import tapedeck.net.Conversation;

/// What a connection begins with: RTSP itself, or one half of a tunnel through HTTP ([HttpTunnels]).
final class RtspFront implements Conversation {
    static final int MAX_HEAD_BYTES = 4 * 1024;

    private static final String GET = "GET ";
    private static final String POST = "POST ";
    private static final String ANSWER = String.join(
            "\r\n",
            "HTTP/1.0 200 OK",
            "Server: Tapedeck",
            "Connection: close",
            "Cache-Control: no-store",
            "Pragma: no-cache",
            "Content-Type: application/x-rtsp-tunnelled",
            "",
            "");
    private static final int QUAD = 4;
    private static final Logger log = LoggerFactory.getLogger(RtspFront.class);

    private enum Role {
        UNKNOWN,
        RTSP,
        TUNNEL_BACK,
        TUNNEL_FORTH
    }

    private final Connection connection;
    private final HttpTunnels tunnels;
    private final Supplier<RtspSession> sessions;
    private final ByteArrayOutputStream head = new ByteArrayOutputStream();
    private final byte[] quad = new byte[QUAD];
    private Role role = Role.UNKNOWN;
    private @Nullable RtspSession session;
    private @Nullable HttpTunnel tunnel;
    private int quadBytes;

    RtspFront(Connection connection, HttpTunnels tunnels, Supplier<RtspSession> sessions) {
        this.connection = connection;
        this.tunnels = tunnels;
        this.sessions = sessions;
    }

    @Override
    public void received(ByteBuf bytes) {
        switch (role) {
            case UNKNOWN -> begin(bytes);
            case RTSP -> {
                if (session != null) {
                    session.received(bytes);
                }
            }
            // Nobody has anything to say here.
            case TUNNEL_BACK -> bytes.skipBytes(bytes.readableBytes());
            case TUNNEL_FORTH -> forth(bytes);
        }
    }

    private void begin(ByteBuf bytes) {
        while (bytes.isReadable() && role == Role.UNKNOWN) {
            head.write(bytes.readByte());
            String said = head.toString(StandardCharsets.ISO_8859_1);
            boolean http = said.startsWith(GET) || said.startsWith(POST);
            if (!http && !GET.startsWith(said) && !POST.startsWith(said)) {
                role = Role.RTSP;
                RtspSession made = sessions.get();
                session = made;
                made.received(Unpooled.wrappedBuffer(head.toByteArray()));
                made.received(bytes);
            } else if (said.endsWith("\r\n\r\n") || said.endsWith("\n\n")) {
                tunnel(said);
                received(bytes);
            } else if (said.length() > MAX_HEAD_BYTES) {
                throw new MalformedException("RTSP over HTTP: headers of more than %d bytes".formatted(MAX_HEAD_BYTES));
            }
        }
    }

    private void tunnel(String request) {
        String cookie = cookie(request).orElseThrow(() -> new MalformedException("HTTP on the port of RTSP"));
        if (request.startsWith(GET)) {
            RtspSession made = sessions.get();
            HttpTunnel opened = new HttpTunnel(cookie, connection, made);
            tunnels.add(opened);
            tunnel = opened;
            session = made;
            role = Role.TUNNEL_BACK;
            Bytes answer = Bytes.ofUtf8(ANSWER);
            connection.send(connection.buffer(answer.length()).writeBytes(answer.asByteBuffer()));
            return;
        }
        HttpTunnel found = tunnels.find(cookie, connection);
        if (found == null) {
            throw new MalformedException("RTSP over HTTP: a POST without its GET");
        }
        found.joined();
        tunnel = found;
        role = Role.TUNNEL_FORTH;
    }

    private static Optional<String> cookie(String request) {
        for (String line : request.split("\r?\n", -1)) {
            int colon = line.indexOf(':');
            if (colon > 0
                    && line.substring(0, colon).strip().toLowerCase(Locale.ROOT).equals("x-sessioncookie")) {
                String value = line.substring(colon + 1).strip();
                boolean usable = !value.isEmpty() && value.length() <= HttpTunnels.MAX_COOKIE_CHARACTERS;
                return usable ? Optional.of(value) : Optional.empty();
            }
        }
        return Optional.empty();
    }

    /// Each message is encoded alone, so that padding comes in the middle too.
    private void forth(ByteBuf bytes) {
        ByteArrayOutputStream decoded = new ByteArrayOutputStream(bytes.readableBytes());
        while (bytes.isReadable()) {
            byte next = bytes.readByte();
            if (next == '\r' || next == '\n' || next == ' ' || next == '\t') {
                continue;
            }
            quad[quadBytes++] = next;
            if (quadBytes == QUAD) {
                quadBytes = 0;
                try {
                    decoded.writeBytes(Base64.getDecoder().decode(quad));
                } catch (IllegalArgumentException e) {
                    throw new MalformedException("RTSP over HTTP: no base64", e);
                }
            }
        }
        HttpTunnel to = tunnel;
        if (to != null && decoded.size() > 0) {
            to.say(Unpooled.wrappedBuffer(decoded.toByteArray()));
        }
    }

    @Override
    public void receivedAll() {
        if (role == Role.RTSP && session != null) {
            session.receivedAll();
        }
    }

    @Override
    public void writable() {
        if (session != null) {
            session.writable();
        }
    }

    @Override
    public void swept(long nowNanos) {
        RtspSession inner = session;
        HttpTunnel through = tunnel;
        if (inner != null) {
            inner.swept(nowNanos);
        } else if (role == Role.UNKNOWN && nowNanos - connection.openedNanos() > RtspLimits.FIRST_REQUEST_NANOS) {
            connection.end("no request within 10 s");
        } else if (through != null && through.isOver(nowNanos)) {
            connection.end("its tunnel is over");
        }
    }

    @Override
    public void ended(String reason) {
        RtspSession inner = session;
        HttpTunnel through = tunnel;
        if (inner != null && through != null) {
            // Whoever comes with its name now is somebody else.
            tunnels.remove(through);
            through.ended(reason);
        } else if (inner != null) {
            inner.ended(reason);
        } else {
            if (through != null) {
                through.left();
            }
            log.info("rtsp {}: ended: {}", connection.peer(), reason);
        }
    }
}
