package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.Container;
import tapedeck.container.MemoryFile;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.media.Frame;
import tapedeck.peers.Fuzz;
import tapedeck.peers.TestMedia;

class FragmentIndexTest {
    @TempDir
    private Path folder;

    private static final long FLUSH_NANOS = 700_000_000L;

    /// A file that grows; the fragments begin anywhere.
    private static Bytes growing(List<Frame> frames, int reserveBytes) throws Exception {
        MemoryFile file = new MemoryFile();
        try (Muxer muxer = Container.MP4.muxer(
                file, TestMedia.tracks(frames), new MuxerOptions(Mp4Cases.STARTED_AT, reserveBytes, "test"))) {
            long next = FLUSH_NANOS;
            for (Frame frame : frames) {
                if (frame.dtsNanos() >= next) {
                    muxer.flush();
                    next += FLUSH_NANOS;
                }
                muxer.write(frame);
            }
        }
        return file.content();
    }

    private Path write(Bytes bytes) throws Exception {
        return Files.write(Files.createTempFile(folder, "file", ".mp4"), bytes.toByteArray());
    }

    private static byte[] own(FileChannel file, FragmentIndex index) throws Exception {
        byte[] all = new byte[(int) index.bytes()];
        int read = file.read(ByteBuffer.wrap(all), FragmentIndex.base(file));
        return read == all.length ? all : Arrays.copyOf(all, read);
    }

    @ParameterizedTest
    @ValueSource(ints = {Mp4Cases.ROOMY, Mp4Cases.TIGHT})
    void finishingChangesNothingOfTheFragmentsOwnFile(int reserveBytes) throws Exception {
        List<Frame> frames = TestMedia.of("h264b+aac", 4);
        Path path = write(growing(frames, reserveBytes));
        byte[] before;
        List<FragmentIndex.Fragment> fragments;
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            FragmentIndex index = FragmentIndex.of(file);
            fragments = index.fragments();
            before = own(file, index);
            Container.MP4.finish(file);
        }
        try (FileChannel file = FileChannel.open(path)) {
            FragmentIndex index = FragmentIndex.of(file);
            assertEquals(fragments, index.fragments());
            assertArrayEquals(before, own(file, index));
        }
        assertEquals(6, fragments.size());
        assertTrue(fragments.getFirst().keyframe());
        assertEquals(4.0, fragments.getLast().endNanos() / 1e9, 0.1);
        Path alone = write(Bytes.wrap(before));
        try (FileChannel file = FileChannel.open(alone)) {
            assertEquals(
                    frames.stream().filter(frame -> frame.track().isVideo()).count(),
                    Mp4Frames.of(file).stream()
                            .filter(frame -> frame.track().isVideo())
                            .count(),
                    "it is a file of its own");
        }
    }

    @Test
    void aFileThatGrowsIsReadOn() throws Exception {
        Bytes whole = growing(TestMedia.of("h264+aac", 4), Mp4Cases.ROOMY);
        Path path = folder.resolve("grows.mp4");
        Files.write(path, whole.toByteArray());
        List<FragmentIndex.Fragment> all;
        try (FileChannel file = FileChannel.open(path)) {
            all = FragmentIndex.of(file).fragments();
        }
        FragmentIndex.Fragment third = all.get(2);
        long base = whole.length() - all.getLast().offset() - all.getLast().bytes();
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            // In the middle of the third one.
            file.setLength(base + third.offset() + third.bytes() - 8);
            FragmentIndex index = FragmentIndex.of(file.getChannel());
            assertEquals(all.subList(0, 2), index.fragments());
            file.seek(0);
            file.write(whole.toByteArray());
            index.update(file.getChannel());
            assertEquals(all, index.fragments());
        }
    }

    @Test
    void whereTheFragmentsBeginIsOneLookUp() throws Exception {
        MemoryFile file = new MemoryFile(growing(TestMedia.of("h264+aac", 2), 8 << 20));
        // A reserve holds whatever was on the disk.
        ByteBuffer decoy = ByteBuffer.allocate(Layout.HIDDEN_FTYP_BYTES + BoxWriter.HEADER_BYTES);
        decoy.putInt(0, Layout.HIDDEN_FTYP_BYTES).put(4, "ftyp".getBytes());
        decoy.put(Layout.HIDDEN_FTYP_BYTES + 4, "moov".getBytes());
        long decoyAt = (4 << 20) - Layout.HIDDEN_FTYP_BYTES;
        file.write(decoy, decoyAt);
        long base = (8 << 20) - Layout.HIDDEN_FTYP_BYTES;
        for (String state : List.of("R", "F")) {
            long before = file.bytesRead();
            assertEquals(base, FragmentIndex.base(file), state);
            assertTrue(file.bytesRead() - before <= 5 * FileBoxes.WINDOW_BYTES, state);
            Container.MP4.finish(file);
        }
    }

    @Test
    void whatIsNotOursHasNone() throws Exception {
        for (byte[] foreign : List.of(new byte[0], new byte[100_000], "RIFF....WAVE".getBytes())) {
            Path path = write(Bytes.wrap(foreign));
            try (FileChannel file = FileChannel.open(path)) {
                assertThrows(MalformedException.class, () -> FragmentIndex.of(file));
            }
        }
    }

    @Test
    void itStandsDamage() throws Exception {
        Path path = folder.resolve("damaged.mp4");
        Fuzz.parser(List.of(growing(TestMedia.of("h264+aac", 1), Mp4Cases.TIGHT)), List.of(), bytes -> {
            try {
                Files.write(path, bytes.toByteArray());
                try (FileChannel file = FileChannel.open(path)) {
                    FragmentIndex.of(file);
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }
}
