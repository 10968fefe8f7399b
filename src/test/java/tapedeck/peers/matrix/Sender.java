package tapedeck.peers.matrix;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tapedeck.peers.Browser;
import tapedeck.peers.FlashPage;
import tapedeck.peers.Programs;

/// Somebody who sends a stream, or from whom it is fetched.
interface Sender extends AutoCloseable {
    boolean isAlive();

    /// Waits until all is sent.
    void awaitEnd() throws Exception;

    /// What it said.
    String said() throws IOException;

    @Override
    void close();

    /// A program.
    record Of(Process process, Path log) implements Sender {
        static Of start(Path log, List<String> command) throws IOException {
            List<String> limited = new ArrayList<>(List.of("timeout", Program.DEADLINE));
            limited.addAll(command);
            Process process = new ProcessBuilder(limited)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            return new Of(process, log);
        }

        @Override
        public boolean isAlive() {
            return process.isAlive();
        }

        @Override
        public void awaitEnd() throws Exception {
            assertTrue(process.waitFor(Player.DEADLINE_SECONDS, TimeUnit.SECONDS), "the sender ends");
        }

        @Override
        public String said() throws IOException {
            return Files.readString(log);
        }

        @Override
        public void close() {
            Programs.end(process);
        }
    }

    /// The server itself, which plays a file.
    final class Nobody implements Sender {
        @Override
        public boolean isAlive() {
            return true;
        }

        @Override
        public void awaitEnd() {}

        @Override
        public String said() {
            return "";
        }

        @Override
        public void close() {}
    }

    /// A page in a browser. All of it belongs to the thread that opened it.
    final class OfPage implements Sender {
        private final FlashPage page;
        private final AutoCloseable browser;

        /// @param query that says what the page does
        OfPage(Browser program, String query) throws IOException {
            page = new FlashPage();
            browser = program.show(page.url(query));
        }

        @Override
        public boolean isAlive() {
            return true;
        }

        @Override
        public void awaitEnd() throws Exception {
            page.awaitDone();
        }

        @Override
        public String said() {
            return page.said();
        }

        @Override
        public void close() {
            try {
                browser.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
            page.close();
        }
    }
}
