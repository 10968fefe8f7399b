package tapedeck.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Listens on the loopback address for the JSON command line: one command a line in, one line of JSON out.
///
/// Whoever is logged in on this machine may use it, as they may use REST. A browser may not: the line that every
/// request of HTTP begins with ends the connection, as do the bytes of TLS and TURN and any first line that is no
/// command, before what a foreign page put behind it is read.
public final class CommandLine implements AutoCloseable {
    static final int MAX_LINE_BYTES = CommandLines.MAX_BYTES;
    static final int MAX_CONNECTIONS = 16;
    /// Without a line.
    static final int IDLE_MILLIS = 600_000;

    private static final Duration LINGER = Duration.ofSeconds(1);
    /// When no connection can be taken.
    static final Duration PAUSE = Duration.ofMillis(100);

    private static final Logger log = LoggerFactory.getLogger(CommandLine.class);
    private static final int BACKLOG = 16;

    private final Commands commands;
    private final ServerSocket listening;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Thread accepting;

    /// @param port 0 takes a free one
    CommandLine(int port, Commands commands) throws IOException {
        this(new ServerSocket(port, BACKLOG, InetAddress.getLoopbackAddress()), commands);
    }

    CommandLine(ServerSocket listening, Commands commands) {
        this.commands = commands;
        this.listening = listening;
        accepting = Thread.ofVirtual().name("command line").start(this::accept);
    }

    public int port() {
        return listening.getLocalPort();
    }

    private void accept() {
        boolean failing = false;
        while (!listening.isClosed()) {
            try {
                begin(listening.accept());
                failing = false;
            } catch (IOException e) {
                if (!listening.isClosed()) {
                    if (!failing) {
                        log.warn("command line: no connection can be taken, tried again: {}", e.getMessage());
                    }
                    failing = true;
                    pause();
                }
            }
        }
    }

    /// Out of descriptors, most likely.
    private static void pause() {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void begin(Socket socket) {
        open.add(socket);
        if (open.size() > 2 * MAX_CONNECTIONS) {
            close(socket);
        } else if (open.size() > MAX_CONNECTIONS) {
            Thread.ofVirtual().start(() -> turnAway(socket));
        } else {
            Thread.ofVirtual().name("command line").start(() -> converse(socket));
        }
    }

    private void turnAway(Socket socket) {
        try (socket) {
            end(socket, Commands.failed("there are %d connections already".formatted(MAX_CONNECTIONS)));
        } catch (IOException e) {
            log.debug("command line: connection lost", e);
        } finally {
            open.remove(socket);
        }
    }

    private void converse(Socket socket) {
        try (socket) {
            answerAll(socket);
        } catch (SocketTimeoutException e) {
            log.debug("command line: nothing was said for long", e);
        } catch (IOException e) {
            log.debug("command line: connection lost", e);
        } catch (RuntimeException bug) {
            log.error("command line: a bug ends this connection", bug);
        } finally {
            open.remove(socket);
        }
    }

    private void answerAll(Socket socket) throws IOException {
        try {
            CommandLines in = new CommandLines(socket, IDLE_MILLIS);
            boolean first = true;
            boolean over = false;
            for (Bytes line = in.next(); line != null; line = over ? null : in.next()) {
                if (!line.isEmpty()) {
                    Commands.Answer answer = commands.answer(line, first);
                    over = answer.last();
                    first = false;
                    if (over) {
                        end(socket, answer.json());
                    } else {
                        answer(socket, answer.json());
                    }
                }
            }
        } catch (MalformedException e) {
            log.info("command line {}: ended: {}", socket.getRemoteSocketAddress(), e.getMessage());
            end(socket, Commands.failed(String.valueOf(e.getMessage())));
        }
    }

    /// Takes a little of what is still coming: a close before that would be a reset, which overtakes the answer.
    private static void end(Socket socket, Bytes json) throws IOException {
        answer(socket, json);
        socket.shutdownOutput();
        InputStream in = socket.getInputStream();
        byte[] part = new byte[MAX_LINE_BYTES];
        long deadlineNanos = System.nanoTime() + LINGER.toNanos();
        long leftMillis = LINGER.toMillis();
        for (int count = 0; count >= 0 && leftMillis > 0; ) {
            socket.setSoTimeout((int) leftMillis);
            count = in.read(part);
            leftMillis = (deadlineNanos - System.nanoTime()) / 1_000_000;
        }
    }

    private static void answer(Socket socket, Bytes json) throws IOException {
        OutputStream out = socket.getOutputStream();
        byte[] line = Arrays.copyOf(json.toByteArray(), json.length() + 1);
        line[line.length - 1] = '\n';
        out.write(line);
    }

    private void close(Socket socket) {
        open.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            log.debug("command line: connection lost", e);
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        open.forEach(this::close);
        try {
            accepting.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
