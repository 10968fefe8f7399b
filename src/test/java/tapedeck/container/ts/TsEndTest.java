package tapedeck.container.ts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.Container;
import tapedeck.container.MemoryFile;
import tapedeck.media.Frame;

class TsEndTest {
    @ParameterizedTest
    @ValueSource(strings = {"h264b+aac", "h264+opus", "aac"})
    void tornAtAnyLengthItHoldsTheFramesThatWereWhole(String name) throws IOException {
        List<Frame> frames = TsCases.frames(name);
        Bytes whole = TsCases.recorded(frames).content();
        int finished = 0;
        int lastCount = 0;
        // Every length around packets; the inside of a packet is all alike.
        for (int packet = 0; packet * 188 < whole.length(); packet++) {
            for (int inside : packet % 16 == 0 ? new int[] {0, 1, 4, 5, 100, 187} : new int[] {0, 3}) {
                MemoryFile file = new MemoryFile(whole.slice(0, Math.min(whole.length(), packet * 188 + inside)));
                try {
                    Container.TS.finish(file);
                } catch (MalformedException e) {
                    assertTrue(packet < 60, "after " + packet + " packets: " + e.getMessage());
                    continue;
                }
                finished++;
                Bytes once = file.content();
                TsChecker.check(once, true);
                lastCount = TsCases.assertPrefix(frames, TsCases.heard(once));
                Container.TS.finish(file);
                assertEquals(once, file.content(), "finished again at " + packet);
            }
        }
        assertTrue(finished > 100, finished + " times");
        assertTrue(lastCount > frames.size() - 20, lastCount + " of " + frames.size());
    }

    @Test
    void theFillerOfABlockIsCutOff() throws IOException {
        Bytes whole = TsCases.recorded(TsCases.frames("h264+aac")).content();
        for (int filler : new int[] {8, 9, 187, 188, 189, 2000, 4103}) {
            Bytes bytes = Container.TS.filler(filler);
            assertEquals(filler, bytes.length());
            MemoryFile file =
                    new MemoryFile(new ByteWriter().bytes(whole).bytes(bytes).toBytes());
            assertEquals(
                    TsCases.heard(whole).frames, TsCases.heard(file.content()).frames, "skipped while it is there");
            Container.TS.finish(file);
            assertEquals(whole, file.content());
        }
    }

    @Test
    void zerosThatAPowerCutLeftAreCutOff() throws IOException {
        Bytes whole = TsCases.recorded(TsCases.frames("h264+aac")).content();
        MemoryFile file =
                new MemoryFile(new ByteWriter().bytes(whole).zeros(188 * 50 + 3).toBytes());
        Container.TS.finish(file);
        assertEquals(whole, file.content());
    }

    @Test
    void whereThereIsNoFrameThereIsNothingToRecover() {
        for (Bytes bytes : List.of(
                Bytes.EMPTY,
                Bytes.wrap(new byte[188]),
                Bytes.wrap(new byte[100_000]),
                TsCases.recorded(TsCases.frames("aac")).content().slice(0, 188 * 4),
                Container.TS.filler(5000))) {
            assertThrows(MalformedException.class, () -> Container.TS.finish(new MemoryFile(bytes)), bytes::toString);
            assertThrows(MalformedException.class, () -> Container.TS.probe(new MemoryFile(bytes)), bytes::toString);
        }
    }
}
