package tapedeck.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;
import tools.jackson.databind.JsonNode;

@Timeout(120)
class CommandLineTest {
    private static final int TIMEOUT_MILLIS = 60_000;

    @TempDir
    Path dir;

    private ApiServer server;
    private CommandLine commands;

    @BeforeEach
    void open() throws Exception {
        server = new ApiServer(dir);
        commands = server.commandLine();
    }

    @AfterEach
    void close() throws Exception {
        commands.close();
        server.close();
    }

    /// Somebody at a terminal.
    private static final class Terminal implements AutoCloseable {
        private final Socket socket;
        private final BufferedReader in;

        Terminal(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        }

        void type(String line) throws IOException {
            socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        }

        /// Null at the end.
        JsonNode answer() throws IOException {
            String line = in.readLine();
            return line == null ? null : ApiServer.JSON.readTree(line);
        }

        JsonNode done(String line) throws IOException {
            type(line);
            JsonNode answer = answer();
            assertEquals("SUCCESS", answer.path("status").stringValue(), line + ": " + answer);
            return answer.path("data");
        }

        String refused(String line) throws IOException {
            type(line);
            JsonNode answer = answer();
            assertEquals("FAIL", answer.path("status").stringValue(), line + ": " + answer);
            return answer.path("description").stringValue();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void streamsAreListedRecordedAndEnded() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        Feedback feedback = new Feedback() {
            @Override
            public void requestKeyframe() {}

            @Override
            public void watched(boolean live) {}

            @Override
            public void terminate(String reason) {
                ended.countDown();
            }
        };
        try (Terminal terminal = new Terminal(commands.port());
                Publication stream = server.publish("a", feedback)) {
            assertEquals("1.2.3", terminal.done("version").path("version").stringValue());
            assertEquals("a", terminal.done("listStreams").path(0).path("name").stringValue());
            String id = stream.stream().mediaSessionId();
            assertEquals(
                    id,
                    terminal.done("getStreamInfo localStreamName=a")
                            .path("mediaSessionId")
                            .stringValue());
            assertEquals(
                    "a",
                    terminal.done("{\"command\": \"getStreamInfo\", \"parameters\": {\"id\": \"%s\"}}".formatted(id))
                            .path("name")
                            .stringValue());
            terminal.done("record localStreamName=a fileTemplate=mine");
            for (int i = 0; i < 100; i++) {
                stream.write(ApiServer.frame(ApiServer.AUDIO, 23 * i, 50));
            }
            assertEquals(
                    "a",
                    terminal.done("listRecordings")
                            .path("active")
                            .path(0)
                            .path("streamName")
                            .stringValue());
            terminal.done("stopRecord localStreamName=a");
            JsonNode finished = terminal.done("listRecordings").path("finished");
            while (finished.isEmpty()) {
                finished = terminal.done("listRecordings").path("finished");
            }
            assertEquals("mine.mp4", finished.path(0).path("fileName").stringValue());
            assertEquals("no such stream", terminal.refused("getStreamInfo localStreamName=b"));
            terminal.done("shutdownStream localStreamName=a");
            ended.await();
        }
    }

    @Test
    void theCommandsThatCrtmpserverHasAreThere() throws Exception {
        try (Terminal terminal = new Terminal(commands.port())) {
            JsonNode help = terminal.done("help");
            TreeSet<String> names = new TreeSet<>();
            help.properties().forEach(one -> names.add(one.getKey()));
            assertEquals(
                    new TreeSet<>(List.of(
                            "help",
                            "version",
                            "listStreams",
                            "getStreamInfo",
                            "pullStream",
                            "pushStream",
                            "record",
                            "stopRecord",
                            "listRecordings",
                            "shutdownStream",
                            "exit")),
                    names);
            for (String name : names) {
                terminal.type(name);
                String answer = terminal.answer().toString();
                assertFalse(answer.contains("unknown command"), answer);
                if (name.equals("exit")) {
                    assertNull(terminal.answer(), "the connection ends");
                    break;
                }
            }
        }
    }

    @Test
    void pullsAndPushesAreRefusedAsOverRest() throws Exception {
        try (Terminal terminal = new Terminal(commands.port());
                Publication _ = server.publish("a", Feedback.NONE)) {
            String pull = terminal.refused("pullStream uri=rtmp://10.0.0.1/live/x localStreamName=x");
            assertTrue(pull.contains("rtmp:// is not known here"), pull);
            assertTrue(terminal.refused("pullStream localStreamName=x").contains("\"uri\" is missing"));
            String push =
                    terminal.refused("{\"command\":\"pushStream\",\"parameters\":{\"uri\":\"rtmp://10.0.0.1/live\","
                            + "\"localStreamName\":\"a\"}}");
            assertTrue(push.contains("rtmp:// is not known here"), push);
            for (String which : List.of("localStreamName=none", "id=none")) {
                String unknown = terminal.refused("shutdownStream " + which);
                assertTrue(unknown.contains("there is no such stream, pull or push"), unknown);
            }
        }
    }

    @Test
    void garbageIsAnsweredWithAnErrorLine() throws Exception {
        Random random = new Random(7);
        try (Terminal terminal = new Terminal(commands.port())) {
            terminal.done("version");
            for (String line : List.of(
                    "{",
                    "{}",
                    "[]",
                    "{\"command\": 7}",
                    "nothing",
                    "help me",
                    "record =",
                    "{\"command\":\"\"}",
                    "{\"command\":\"help\"} x",
                    "{\"command\":\"help\",\"parameters\":[]}",
                    "[".repeat(2_000),
                    "{\"a\":".repeat(1_000))) {
                terminal.refused(line);
            }
            for (int i = 0; i < 300; i++) {
                byte[] bytes = new byte[1 + random.nextInt(200)];
                random.nextBytes(bytes);
                String line =
                        "x" + new String(bytes, StandardCharsets.ISO_8859_1).replaceAll("[\\p{Cntrl}\\x80-\\x9f]", "");
                terminal.refused(line);
            }
            assertEquals("1.2.3", terminal.done("version").path("version").stringValue());
        }
    }

    @Test
    void aLineHasAnEnd() throws Exception {
        try (Terminal terminal = new Terminal(commands.port())) {
            String most = "{\"command\":\"version\"}";
            terminal.done(most + " ".repeat(CommandLine.MAX_LINE_BYTES - most.length()));
            terminal.type("x".repeat(CommandLine.MAX_LINE_BYTES + 1));
            assertEquals(
                    "a line has at most 16384 bytes",
                    terminal.answer().path("description").stringValue());
            assertNull(terminal.answer(), "and so has the connection");
        }
    }

    /// A page of any site may send this to our port; what is behind its first line is its own.
    @Test
    void aBrowserIsNoTerminal() throws Exception {
        try (Terminal terminal = new Terminal(commands.port());
                Publication stream = server.publish("a", Feedback.NONE)) {
            terminal.type("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nrecord localStreamName=a\r\nversion");
            assertEquals(
                    "this is HTTP, no command",
                    terminal.answer().path("description").stringValue());
            assertNull(terminal.answer());
            assertFalse(server.recordings.isRecording(stream.stream().mediaSessionId()));
        }
    }

    /// What a browser can be made to send begins with a line that is no command; TLS and TURN have control characters.
    @Test
    void whatFollowsALineThatIsNoneIsNotDone() throws Exception {
        String behind = "\n{\"command\":\"record\",\"parameters\":{\"localStreamName\":\"a\"}}\nversion\n";
        try (Publication stream = server.publish("a", Feedback.NONE)) {
            for (String first : List.of("nothing", "{", "{}", "[]", "help me", "{\"command\":\"\"}", "x\u00e4")) {
                ended(List.of(), first.getBytes(StandardCharsets.UTF_8), behind);
            }
            for (String any : List.of("160301020001", "76657273696f6e00", "76657273696f6e7f", "c285", "ff", "c3")) {
                ended(List.of(), HexFormat.of().parseHex(any), behind);
                ended(List.of("version", "version"), HexFormat.of().parseHex(any), behind);
            }
            assertFalse(server.recordings.isRecording(stream.stream().mediaSessionId()));
        }
    }

    private void ended(List<String> before, byte[] line, String behind) throws Exception {
        try (Terminal terminal = new Terminal(commands.port())) {
            for (String one : before) {
                terminal.done(one);
            }
            terminal.socket.getOutputStream().write(line);
            terminal.socket.getOutputStream().write(behind.getBytes(StandardCharsets.UTF_8));
            assertEquals(
                    "FAIL",
                    terminal.answer().path("status").stringValue(),
                    HexFormat.of().formatHex(line));
            assertNull(terminal.answer(), HexFormat.of().formatHex(line));
        }
    }

    /// A process without descriptors gets an error from every accept at once.
    @Test
    void whatCannotBeTakenIsNotTriedWithoutAPause() throws Exception {
        CountDownLatch tries = new CountDownLatch(4);
        ServerSocket failing = new ServerSocket(0, 1, InetAddress.getLoopbackAddress()) {
            @Override
            public Socket accept() throws IOException {
                tries.countDown();
                throw new IOException("Too many open files");
            }
        };
        long beginNanos = System.nanoTime();
        try (CommandLine _ = server.commandLine(failing)) {
            tries.await();
            assertTrue(System.nanoTime() - beginNanos >= 3 * CommandLine.PAUSE.toNanos(), "three pauses");
        }
    }

    @Test
    void thereAreOnlySoManyConnections() throws Exception {
        List<Terminal> all = new ArrayList<>();
        try {
            for (int i = 0; i < CommandLine.MAX_CONNECTIONS; i++) {
                all.add(new Terminal(commands.port()));
                all.getLast().done("version");
            }
            try (Terminal late = new Terminal(commands.port())) {
                assertEquals("FAIL", late.answer().path("status").stringValue());
            }
            all.removeLast().close();
            for (boolean served = false; !served; ) {
                try (Terminal next = new Terminal(commands.port())) {
                    next.type("version");
                    served = next.answer().path("status").stringValue().equals("SUCCESS");
                }
            }
        } finally {
            for (Terminal one : all) {
                one.close();
            }
        }
    }
}
