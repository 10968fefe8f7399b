package tapedeck.api;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.WrongProtocol;

/// The lines that come over one connection. What cannot be one is told before it ends: most protocols never send the
/// end of a line.
final class CommandLines {
    static final int MAX_BYTES = 16 * 1024;
    /// From the first byte of a line to its end. A terminal sends whole lines.
    static final Duration LIMIT = Duration.ofSeconds(10);

    private static final int BUFFER_BYTES = 4 * 1024;
    /// These have lines, which say more.
    private static final Set<String> TEXT = Set.of("HTTP", "RTSP");

    private final Socket socket;
    private final InputStream in;
    private final int idleMillis;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int at;
    private int end;
    private boolean known;

    /// @param idleMillis how long nobody needs to say anything
    CommandLines(Socket socket, int idleMillis) throws IOException {
        this.socket = socket;
        this.in = socket.getInputStream();
        this.idleMillis = idleMillis;
    }

    /// Without its end; null at the end of all.
    ///
    /// @throws MalformedException if it is too long or too slow, or none
    @Nullable
    Bytes next() throws IOException {
        byte[] line = new byte[256];
        int length = 0;
        socket.setSoTimeout(idleMillis);
        int next = read();
        long deadlineNanos = System.nanoTime() + LIMIT.toNanos();
        for (; next >= 0; next = read(deadlineNanos)) {
            if (next == '\n') {
                int last = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
                return Bytes.wrap(Arrays.copyOf(line, last));
            }
            if (next < ' ' && next != '\t' && next != '\r') {
                throw new MalformedException("a line has no control characters");
            }
            if (length == MAX_BYTES) {
                throw new MalformedException("a line has at most %d bytes".formatted(MAX_BYTES));
            }
            if (length == line.length) {
                line = Arrays.copyOf(line, 2 * length);
            }
            line[length++] = (byte) next;
        }
        return null;
    }

    private int read(long deadlineNanos) throws IOException {
        if (at < end) {
            return read();
        }
        long leftMillis = (deadlineNanos - System.nanoTime()) / 1_000_000;
        if (leftMillis > 0) {
            socket.setSoTimeout((int) leftMillis);
            try {
                return read();
            } catch (SocketTimeoutException _) {
                // Said below.
            }
        }
        throw new MalformedException("a line has to end within %d s".formatted(LIMIT.toSeconds()));
    }

    private int read() throws IOException {
        if (at == end) {
            at = 0;
            end = Math.max(0, in.read(buffer));
            if (end == 0) {
                return -1;
            }
            look();
        }
        return buffer[at++] & 0xff;
    }

    private void look() {
        if (!known) {
            known = true;
            String name = WrongProtocol.name(Bytes.wrap(Arrays.copyOf(buffer, end)));
            if (name != null && !TEXT.contains(name)) {
                throw new MalformedException("this is %s, no command".formatted(name));
            }
        }
    }
}
