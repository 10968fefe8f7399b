package tapedeck.container.ts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.container.Container;
import tapedeck.container.MemoryFile;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Summary;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Golden;
import tapedeck.peers.TestMedia;

class TsMuxerTest {
    private static final long SECOND = 1_000_000_000;

    static List<String> cases() {
        return TsCases.names();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void whatWasWrittenIsReadBack(String name) {
        List<Frame> frames = TsCases.frames(name);
        MemoryFile file = TsCases.recorded(frames);
        TsChecker checker = TsChecker.check(file.content(), true);
        assertEquals(TestMedia.tracks(frames).size(), checker.streams());
        assertEquals(0, checker.jumps);
        TsCases.assertSame(frames, file.content());
        assertEquals(TsCases.TITLE, TsCases.heard(file.content()).names.getFirst());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aFinishedFileSaysItsTracksAndDurationAndStaysAsItIs(String name) throws IOException {
        List<Frame> frames = TsCases.frames(name);
        MemoryFile file = TsCases.recorded(frames);
        Bytes before = file.content();
        Summary summary = Container.TS.finish(file);
        assertEquals(before, file.content());
        assertEquals(summary, Container.TS.probe(file));
        long first = frames.stream().mapToLong(Frame::ptsNanos).min().orElseThrow();
        long last = frames.stream().mapToLong(Frame::ptsNanos).max().orElseThrow();
        assertEquals((last - first) / 1e6, summary.durationNanos() / 1e6 - 28, 20);
        assertEquals(
                TestMedia.tracks(frames).stream()
                        .map(track -> track.codec().name())
                        .sorted()
                        .toList(),
                summary.tracks().stream()
                        .map(track -> track.codec().name())
                        .sorted()
                        .toList());
    }

    @Test
    void eachFlushLeavesInOneAppend() {
        List<Frame> frames = TsCases.frames("h264+aac");
        MemoryFile file = TsCases.recorded(frames);
        assertEquals(4, file.appends());
    }

    @Test
    void everyKeyframeIsARandomAccessPointWithItsParameterSets() {
        List<Frame> frames = TsCases.frames("h264b+aac");
        Bytes file = TsCases.recorded(frames).content();
        assertEquals(
                frames.stream()
                        .filter(frame -> frame.track().isVideo() && frame.keyframe())
                        .count(),
                TsChecker.check(file, true).randomAccess);
    }

    /// 2.4.3.7: the stamps have 33 bits. 26.5 h after the beginning they start again.
    @Test
    void stampsThatWrapGoOn() throws IOException {
        List<Frame> frames = new ArrayList<>(TestMedia.interleaved(TestMedia.h264WithBFrames(2), TestMedia.aac(2)));
        // One second an hour, to the wrap and over it.
        long wrapNanos = TsTime.nanos(TsTime.WRAP_TICKS);
        List<Frame> sent = new ArrayList<>();
        List<Long> shifts = new ArrayList<>();
        for (long at = 0; at < 2 * wrapNanos + 4 * SECOND; at += 3_600 * SECOND) {
            shifts.add(at);
        }
        shifts.add(wrapNanos - SECOND);
        shifts.add(2 * wrapNanos - SECOND);
        shifts.sort(null);
        for (long at : shifts) {
            sent.addAll(TestMedia.shifted(frames, at));
        }
        MemoryFile file = TsCases.recorded(sent);
        TsChecker checker = TsChecker.check(file.content(), true);
        assertEquals(shifts.size() - 1, checker.jumps);
        TsCases.assertSame(sent, file.content());
        long first = sent.stream().mapToLong(Frame::ptsNanos).min().orElseThrow();
        long last = sent.stream().mapToLong(Frame::ptsNanos).max().orElseThrow();
        assertEquals((last - first) / 1e6, Container.TS.probe(file).durationNanos() / 1e6 - 33, 33);
    }

    @Test
    void aKeyframeOfMoreThan64KilobytesHasNoLengthAndIsNeverLast() throws IOException {
        Codec codec = TestMedia.h264(1).getFirst().track().codec();
        Track track = new Track(Track.VIDEO, codec);
        byte[] picture = new byte[100_000];
        picture[0] = 0;
        picture[1] = 1;
        picture[2] = (byte) (99_996 >> 8);
        picture[3] = (byte) 99_996;
        picture[4] = 0x65;
        java.util.Arrays.fill(picture, 5, picture.length, (byte) 0xAA);
        MemoryFile file = TsCases.recorded(List.of(new Frame(track, 0, 0, true, Bytes.wrap(picture))));
        Bytes content = file.content();
        TsChecker.check(content, true);
        assertEquals(0x1FFF, content.u16(content.length() - 187) & 0x1FFF);
        Container.TS.finish(file);
        assertEquals(content, file.content());
        assertEquals(
                Bytes.wrap(picture), TsCases.heard(content).frames.getFirst().data());
    }

    @Test
    void aFileThatIsSilentForLongIsNotFilledWithClocks() {
        List<Frame> frames = new ArrayList<>(TestMedia.aac(1));
        frames.addAll(TestMedia.shifted(TestMedia.aac(1), 7_200 * SECOND));
        Bytes file = TsCases.recorded(frames).content();
        assertEquals(1, TsChecker.check(file, true).jumps);
        assertTrue(file.length() < 100_000, file.length() + " bytes");
    }

    @Test
    void whatItCannotCarryIsSaid() {
        assertTrue(Container.TS.canCarry(TestMedia.h264(1).getFirst().track().codec()));
        assertTrue(Container.TS.canCarry(Aac.lc(44_100, 2)));
        assertTrue(Container.TS.canCarry(new Codec.Opus(2, 312)));
        assertTrue(Container.TS.canCarry(new Codec.Mp3(44_100, 2)));
        for (Codec codec : List.of(
                new Codec.Pcma(8_000, 1),
                new Codec.Pcmu(8_000, 1),
                new Codec.G722(1),
                new Codec.Vp8(320, 180),
                new Codec.Vp9(0, 8, 320, 180),
                new Codec.Av1(Bytes.EMPTY, 320, 180))) {
            assertFalse(Container.TS.canCarry(codec), codec.name());
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new TsMuxer(
                            new MemoryFile(),
                            List.of(new Track(1, codec)),
                            new MuxerOptions(TsCases.STARTED_AT, 0, "x")));
        }
        // 960 samples a frame
        assertFalse(Container.TS.canCarry(Aac.fromConfig(Bytes.ofHex("1214"))));
    }

    @Test
    void aFrameThatIsNoneIsRefusedAloneAndTheOthersGoOn() throws IOException {
        List<Frame> frames = TsCases.frames("h264");
        MemoryFile file = new MemoryFile();
        try (TsMuxer muxer =
                new TsMuxer(file, TestMedia.tracks(frames), new MuxerOptions(TsCases.STARTED_AT, 0, "x"))) {
            for (Frame frame : frames) {
                Frame bad =
                        new Frame(frame.track(), frame.dtsNanos(), frame.ptsNanos(), false, Bytes.ofHex("000000ff01"));
                assertThrows(MalformedException.class, () -> muxer.write(bad));
                muxer.write(frame);
            }
        }
        TsCases.assertSame(frames, file.content());
    }

    @Test
    void theFirstPacketsAreAsReviewed() {
        Bytes file = TsCases.recorded(TsCases.frames("h264+aac")).content();
        StringBuilder dump = new StringBuilder();
        for (int i = 0; i < 6; i++) {
            Bytes packet = file.slice(188 * i, 188 * i + 188);
            dump.append(packet.slice(0, 94).toHex()).append('\n');
        }
        Golden.check("ts/first-packets", dump.toString());
    }

    @Test
    void aLongTitleIsCutAtACharacter() {
        String title = "é".repeat(300);
        Bytes section = TableWriter.sdt(title, true);
        assertEquals("é".repeat(100), ProgramTables.serviceNames(section).get(1));
        assertEquals(0, Crc32Mpeg.of(section));
    }
}
