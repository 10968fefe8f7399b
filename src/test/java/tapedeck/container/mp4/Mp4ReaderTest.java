package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.MemoryFile;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.Fuzz;
import tapedeck.peers.SharedMedia;
import tapedeck.peers.TestMedia;

class Mp4ReaderTest {
    private static final int SMALL_BYTES = 60_000;

    @Test
    void filesOfOthersAreReadOrRefusedInWords() throws IOException {
        TreeMap<String, String> refused = new TreeMap<>();
        List<Path> files = SharedMedia.files("mp4", "mp4", "m4b", "mov", "3gp");
        for (Path path : files) {
            try (FileChannel file = FileChannel.open(path)) {
                Mp4Reader.summary(file);
                for (Mp4Reader.ReadTrack track : Mp4Frames.reader(file).tracks()) {
                    int count = track.samples().count();
                    if (track.codec() != null && count > 0) {
                        assertTrue(Mp4Frames.reader(file)
                                        .frame(track, count - 1)
                                        .data()
                                        .length()
                                >= 0);
                    }
                }
                Mp4Finisher.finish(file);
            } catch (MalformedException e) {
                refused.put(path.getFileName().toString(), e.getMessage());
            }
        }
        refused.forEach((name, why) -> System.out.println("refused " + name + ": " + why));
        // The folder holds broken files on purpose, but not half of it.
        assertTrue(refused.size() <= files.size() / 3, refused.toString());
    }

    @Test
    void damagedFilesAreRefusedInWords() {
        List<Bytes> good = new ArrayList<>();
        for (String name : List.of("aac", "late audio")) {
            List<Frame> frames = Mp4Cases.frames(name);
            List<Frame> tiny = frames.subList(0, 30).stream()
                    .map(f -> new Frame(
                            f.track(),
                            f.dtsNanos(),
                            f.ptsNanos(),
                            f.keyframe(),
                            f.data().slice(0, 6)))
                    .toList();
            MemoryFile file = Mp4Cases.recorded(tiny, 0);
            good.add(file.content());
            finish(file);
            good.add(file.content());
        }
        List<Bytes> further =
                new ArrayList<>(SharedMedia.bytes("fuzz-seeds/mediacommon/formats_fmp4.FuzzInitUnmarshal"));
        further.addAll(SharedMedia.bytes("fuzz-seeds/mediacommon/formats_fmp4.FuzzPartsUnmarshal"));
        further.addAll(SharedMedia.bytes("fuzz-seeds/mediacommon/formats_pmp4.FuzzPresentationUnmarshal"));
        for (Path path : SharedMedia.files("mp4/mp4parse")) {
            add(path, further);
        }
        Fuzz.parser(good, further, Mp4ReaderTest::readAll);
    }

    @Test
    void damagedRecordingsFinishOrAreRefusedInWords() {
        List<Frame> frames = Mp4Cases.stumps();
        Bytes recording = Mp4Cases.recorded(frames, 0).content();
        // What begins behind the reserve, so that damage hits boxes and not the hole.
        Bytes head = recording.slice(0, Layout.MIN_RESERVE_BYTES);
        Bytes body = recording.slice(Layout.MIN_RESERVE_BYTES);
        Fuzz.parser(List.of(body), List.of(), bytes -> {
            MemoryFile file =
                    new MemoryFile(new ByteWriter().bytes(head).bytes(bytes).toBytes());
            finish(file);
            // What it made of it is a file.
            readAll(file.content());
        });
    }

    /// As it was read before tables were walked: what has no entry is shown when it is decoded.
    @Test
    void aTableOfCompositionOffsetsMayEndEarly() throws IOException {
        MemoryFile whole = Mp4Cases.recorded(TestMedia.of("h264b+aac", 2), Mp4Cases.ROOMY);
        finish(whole);
        byte[] bytes = whole.content().toByteArray();
        int ctts = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("ctts");
        ByteBuffer.wrap(bytes).putInt(ctts + 8, 1); // entries
        MemoryFile cut = new MemoryFile(Bytes.wrap(bytes));
        List<Long> early = offsets(cut);
        List<Long> all = offsets(whole);
        assertEquals(all.size(), early.size());
        assertEquals(all.getFirst(), early.getFirst());
        assertEquals(0, early.getLast());
        assertTrue(all.stream().anyMatch(offset -> offset > 0));
    }

    private static List<Long> offsets(MemoryFile file) throws IOException {
        Mp4Reader.ReadTrack video = Mp4Frames.reader(file).tracks().stream()
                .filter(track -> track.codec() instanceof Codec.Video)
                .findFirst()
                .orElseThrow();
        List<Long> offsets = new ArrayList<>();
        for (int i = 0; i < video.samples().count(); i++) {
            offsets.add(video.samples().presentationTicks(i) - video.samples().decodeTicks(i));
        }
        return offsets;
    }

    private static void readAll(Bytes bytes) {
        MemoryFile file = new MemoryFile(bytes);
        try {
            Mp4Reader.summary(file);
            Mp4Reader reader = Mp4Frames.reader(file);
            for (Mp4Reader.ReadTrack track : reader.tracks()) {
                for (int i = 0;
                        track.codec() != null && i < Math.min(track.samples().count(), 50);
                        i++) {
                    reader.frame(track, i);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void finish(MemoryFile file) {
        try {
            Mp4Finisher.finish(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void add(Path path, List<Bytes> seeds) {
        try {
            if (Files.size(path) < SMALL_BYTES) {
                seeds.add(Bytes.wrap(Files.readAllBytes(path)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void claimsAreCheckedBeforeAnythingIsAllocated() {
        MemoryFile file = Mp4Cases.recorded(TestMedia.aac(1), 0);
        Bytes whole = file.content();
        int moov = Layout.MIN_RESERVE_BYTES;
        int trun = find(whole, "trun");
        // trun: flags, then the count
        assertRefused(patched(whole, trun + 8, 0xFFFF_FFFFL), "claims 4294967295 samples");
        // the same without any field for each sample
        assertRefused(patched(patched(whole, trun + 4, 1), trun + 8, 0xFFFF_FFFFL), "samples more");
        // a moof that claims to be larger than allowed
        int moof = find(whole, "moof") - 4;
        Bytes large = new ByteWriter(whole.length() + (20 << 20))
                .bytes(patched(whole, moof, (20 << 20) + 100))
                .zeros(20 << 20)
                .toBytes();
        assertRefused(large, "at most " + MovieFragment.MAX_MOOF_BYTES);
        // a moov that ends behind the file
        assertRefused(patched(whole, moov, 0x7FFF_FFFFL), "moov");
        // a table that claims 2^32-1 entries
        assertRefused(patched(whole, find(whole, "stsz") + 12, 0xFFFF_FFFFL), "stsz claims");
        // and one of samples of the same size
        assertRefused(
                patched(patched(whole, find(whole, "stsz") + 8, 1), find(whole, "stsz") + 12, 0xFFFF_FFFFL),
                "samples more");
    }

    @Test
    void moreBoxesThanAnyFileHasAreRefused() {
        Bytes free = new ByteWriter().u32(8).ascii("free").toBytes();
        ByteWriter children = new ByteWriter();
        for (int i = 0; i < Box.MAX_CHILDREN; i++) {
            children.bytes(free);
        }
        assertEquals(Box.MAX_CHILDREN, Box.children("moov", children.toBytes()).size());
        Bytes more = children.bytes(free).toBytes();
        assertThrows(MalformedException.class, () -> Box.children("moov", more));
        ByteWriter file = new ByteWriter(FileBoxes.MAX_BOXES * 8 + 8);
        for (int i = 0; i <= FileBoxes.MAX_BOXES; i++) {
            file.u32(8).ascii("free");
        }
        assertRefused(file.handOver(), "more than " + FileBoxes.MAX_BOXES);
    }

    private static void assertRefused(Bytes bytes, String why) {
        MalformedException e = assertThrows(MalformedException.class, () -> Mp4Frames.reader(new MemoryFile(bytes)));
        assertTrue(e.getMessage().contains(why), e.getMessage());
    }

    private static int find(Bytes bytes, String type) {
        for (int i = 0; i + 4 <= bytes.length(); i++) {
            if (Layout.type(bytes, i).equals(type)) {
                return i;
            }
        }
        throw new AssertionError(type);
    }

    private static Bytes patched(Bytes bytes, int at, long value) {
        byte[] array = bytes.toByteArray();
        for (int i = 0; i < 4; i++) {
            array[at + i] = (byte) (value >> 8 * (3 - i));
        }
        return Bytes.wrap(array);
    }
}
