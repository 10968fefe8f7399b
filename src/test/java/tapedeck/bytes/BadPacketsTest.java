package tapedeck.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import tapedeck.peers.LoggedLines;

class BadPacketsTest {
    private final AtomicLong clock = new AtomicLong(-5);

    @Test
    void theFirstIsSaidAtOnceAndTheOthersOnceASecond() {
        try (LoggedLines lines = new LoggedLines("tapedeck.bytes")) {
            BadPackets bad = new BadPackets("camera 1", clock::get);
            for (int i = 0; i < 2500; i++) {
                bad.count(new MalformedException("packet " + i));
                clock.addAndGet(1_000_000);
            }
            bad.report();
            bad.report();
            assertEquals(
                    List.of(
                            "INFO camera 1: 1 bad packets, the last: packet 0",
                            "INFO camera 1: 1000 bad packets, the last: packet 1000",
                            "INFO camera 1: 1000 bad packets, the last: packet 2000",
                            "INFO camera 1: 499 bad packets, the last: packet 2499"),
                    lines.with("camera 1"));
        }
    }
}
