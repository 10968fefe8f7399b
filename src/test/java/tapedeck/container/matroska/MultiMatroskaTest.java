package tapedeck.container.matroska;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.container.DescribedTrack;
import tapedeck.container.DescribedTrack.Segment;
import tapedeck.container.MemberTrack;
import tapedeck.container.MemoryFile;
import tapedeck.container.MultiMuxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.container.TrackIdentity;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.TestMedia;

/// Many streams in one Matroska file, whose tracks join while it grows.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class MultiMatroskaTest {
    private static final long SECOND = 1_000_000_000;
    private static final int RESERVE = 32 << 10;
    private static final MuxerOptions OPTIONS =
            new MuxerOptions(Samples.OPTIONS.startedAt(), RESERVE, "multi-recorder://room");

    @TempDir
    Path dir;

    private static TrackIdentity identity(int person) {
        return new TrackIdentity("user " + person, "session-" + person);
    }

    /// An output that keeps what a machine that dies at any byte of a patch would leave.
    private static final class Witness implements Output {
        private final MemoryFile file = new MemoryFile();
        private final List<Bytes> states = new ArrayList<>();

        @Override
        public void append(List<Bytes> parts) {
            file.append(parts);
            states.add(file.content());
        }

        @Override
        public void skip(long count) {
            file.skip(count);
        }

        @Override
        public void patch(long position, Bytes bytes) throws IOException {
            boolean whole = bytes.length() == Long.BYTES && position % Long.BYTES == 0;
            for (int length = whole ? 0 : 1; !whole && length < bytes.length(); length += 5) {
                MemoryFile torn = new MemoryFile(file.content());
                torn.patch(position, bytes.slice(0, length));
                states.add(torn.content());
            }
            file.patch(position, bytes);
            states.add(file.content());
        }

        @Override
        public long size() {
            return file.size();
        }
    }

    /// Somebody joins every second, with VP8 and Opus; each second is a flush.
    private static List<Frame> grow(Output output, int seconds) throws IOException {
        List<Frame> written = new ArrayList<>();
        MultiMuxer muxer = MatroskaFormat.multiMuxer(output, OPTIONS);
        for (int second = 0; second < seconds; second++) {
            Track video = new Track(2 * second + 1, new Codec.Vp8(320, 180));
            Track audio = new Track(2 * second + 2, new Codec.Opus(2, 312));
            assertTrue(muxer.join(new MemberTrack(video, identity(second), second * SECOND)));
            assertTrue(muxer.join(new MemberTrack(audio, identity(second), second * SECOND)));
            muxer.note(second * SECOND, Bytes.ofUtf8("{\"second\":%d}".formatted(second)));
            for (int person = 0; person <= second; person++) {
                Track picture = new Track(2 * person + 1, video.codec());
                Track sound = new Track(2 * person + 2, audio.codec());
                for (Frame frame : Samples.frames(picture, sound, 1, second * 1000)) {
                    muxer.write(frame);
                    written.add(frame);
                }
            }
            muxer.flush();
        }
        muxer.close();
        return written;
    }

    private static Map<Integer, List<Bytes>> data(List<Frame> frames) {
        Map<Integer, List<Bytes>> data = new HashMap<>();
        for (Frame frame : frames) {
            data.computeIfAbsent(frame.track().id(), _ -> new ArrayList<>()).add(frame.data());
        }
        return data;
    }

    private static Map<Integer, List<Bytes>> read(MemoryFile file) throws IOException {
        Map<Integer, List<Bytes>> data = new HashMap<>();
        MatroskaReader reader = MatroskaReader.open(file);
        Optional<MatroskaBlock> block = reader.next();
        while (block.isPresent()) {
            if (block.get().trackNumber() != MultiMatroskaMuxer.NOTES_NUMBER) {
                data.computeIfAbsent(block.get().trackNumber(), _ -> new ArrayList<>())
                        .add(block.get().data());
            }
            block = reader.next();
        }
        return data;
    }

    @Test
    void tracksJoinWhileTheFileGrows() throws IOException {
        MemoryFile file = new MemoryFile();
        List<Frame> written = grow(file, 5);
        assertEquals(data(written), read(file));
        List<DescribedTrack> growing = MatroskaTracks.of(file);
        assertEquals(
                List.of(2, 1, 4, 3, 6, 5, 8, 7, 10, 9),
                growing.stream().map(DescribedTrack::id).toList());
        DescribedTrack fourth = growing.get(7);
        assertEquals(identity(3), fourth.identity());
        assertEquals(
                List.of(new Segment(0, 3 * SECOND, false), new Segment(3 * SECOND, 5 * SECOND, true)),
                fourth.segments());
        MatroskaFormat.MKV.finish(file);
        assertEquals(data(written), read(file));
        assertEquals(growing, MatroskaTracks.of(file));
        assertEquals(5 * SECOND, MatroskaFormat.MKV.probe(file).durationNanos());
        assertEquals(
                List.of("{\"second\":0}", "{\"second\":1}", "{\"second\":2}", "{\"second\":3}", "{\"second\":4}"),
                MatroskaTracks.notes(file).stream()
                        .map(note -> new String(note.toByteArray()))
                        .toList());
    }

    /// At every byte of every write that changes what is there, the file opens with everybody whose frames are in it,
    /// and can be finished.
    @Test
    void whereverItIsTornEverybodyWhoJoinedIsThere() throws IOException {
        Witness witness = new Witness();
        List<Frame> written = grow(witness, 6);
        assertTrue(witness.states.size() > 500, witness.states.size() + " states");
        int before = 0;
        for (int i = 0; i < witness.states.size(); i++) {
            MemoryFile state = new MemoryFile(witness.states.get(i));
            Map<Integer, List<Bytes>> held = read(state);
            List<Integer> named =
                    MatroskaReader.open(state).tracks().stream().map(Track::id).toList();
            assertTrue(named.containsAll(held.keySet()), named + " without some of " + held.keySet());
            assertTrue(held.size() >= before, "state " + i);
            before = held.size();
            if (i % 40 == 0 && !held.isEmpty()) {
                MatroskaFormat.MKV.finish(state);
                assertEquals(held, read(state), "state " + i);
            }
        }
        assertEquals(data(written), read(new MemoryFile(witness.states.getLast())));
    }

    /// An output that remembers what was written, to leave out what a power cut takes.
    private static final class Disk implements Output {
        private final MemoryFile file = new MemoryFile();
        private final List<Write> writes = new ArrayList<>();

        /// @param position -1 for an append, or for a barrier without bytes
        private record Write(long position, List<Bytes> bytes, long skipped) {
            boolean isBarrier() {
                return position < 0 && bytes.isEmpty() && skipped == 0;
            }
        }

        @Override
        public void append(List<Bytes> parts) {
            writes.add(new Write(-1, List.copyOf(parts), 0));
            file.append(parts);
        }

        @Override
        public void skip(long count) {
            writes.add(new Write(-1, List.of(), count));
            file.skip(count);
        }

        @Override
        public void patch(long position, Bytes bytes) throws IOException {
            writes.add(new Write(position, List.of(bytes), 0));
            file.patch(position, bytes);
        }

        @Override
        public void barrier() {
            writes.add(new Write(-1, List.of(), 0));
        }

        @Override
        public long size() {
            return file.size();
        }

        /// The first writes, without one of them.
        private MemoryFile without(int left, int count) throws IOException {
            MemoryFile made = new MemoryFile();
            for (int i = 0; i < count; i++) {
                Write write = writes.get(i);
                if (i == left || write.isBarrier()) {
                    continue;
                }
                if (write.position() >= 0) {
                    made.patch(write.position(), write.bytes().getFirst());
                } else if (write.bytes().isEmpty()) {
                    made.skip(write.skipped());
                } else {
                    made.append(write.bytes());
                }
            }
            return made;
        }
    }

    /// Without a sync only one of the two can be there: the new Tracks, or the switch that shows them.
    @Test
    void ofNewTracksAndTheirSwitchOneIsEnough() throws IOException {
        Disk disk = new Disk();
        grow(disk, 6);
        int switches = 0;
        for (int i = 0; i + 4 < disk.writes.size(); i++) {
            if (disk.writes.get(i).isBarrier() && disk.writes.get(i + 2).isBarrier()) {
                int people = ++switches;
                // Barrier, Tracks, barrier, switch, clusters.
                int cut = i + 5;
                MemoryFile whole = disk.without(-1, cut);
                assertEquals(2 * (people + 1), read(whole).size());
                MemoryFile unseen = disk.without(i + 3, cut);
                MatroskaFormat.MKV.finish(unseen);
                assertEquals(read(whole), read(unseen), "without switch " + people);
                assertEquals(
                        2 * (people + 1), MatroskaReader.open(unseen).tracks().size());
                MemoryFile empty = disk.without(i + 1, cut);
                MatroskaFormat.MKV.finish(empty);
                assertEquals(2 * people, MatroskaReader.open(empty).tracks().size(), "without Tracks " + people);
                Map<Integer, List<Bytes>> held = read(empty);
                for (int track = 1; track <= 2 * people; track++) {
                    assertEquals(read(whole).get(track), held.get(track), "without Tracks " + people);
                }
            }
        }
        assertEquals(
                5, switches, "each between two barriers: what is gone over counts until the one before is on disk");
    }

    @Test
    void whereverAFinishCrashesTheNextOneSucceeds() throws IOException {
        MemoryFile grown = new MemoryFile();
        List<Frame> written = grow(grown, 4);
        MemoryFile whole = new MemoryFile(grown.content());
        MatroskaFormat.MKV.finish(whole);
        int changes = whole.changes();
        assertTrue(changes > 5);
        for (int change = 0; change < changes; change++) {
            MemoryFile file = new MemoryFile(grown.content()).crashingAt(change, 0.5);
            try {
                MatroskaFormat.MKV.finish(file);
            } catch (MemoryFile.Crash _) {
                // As meant.
            }
            MemoryFile again = new MemoryFile(file.content());
            assertEquals(data(written), read(again));
            MatroskaFormat.MKV.finish(again);
            assertEquals(whole.content(), again.content(), "change " + change);
        }
    }

    @Test
    void withoutRoomATrackIsRefusedAndTheFileGoesOn() throws IOException {
        MemoryFile file = new MemoryFile();
        MultiMuxer muxer = MatroskaFormat.multiMuxer(file, new MuxerOptions(OPTIONS.startedAt(), 4096, "small"));
        Track first = new Track(1, new Codec.Vp8(320, 180));
        int joined = 0;
        while (muxer.join(new MemberTrack(new Track(joined + 1, first.codec()), identity(joined), 0))) {
            joined++;
        }
        assertTrue(joined > 5 && joined < 40, joined + " joined");
        muxer.write(new Frame(first, 0, 0, true, Bytes.ofU8(1, 2, 3)));
        muxer.close();
        MatroskaFormat.MKV.finish(file);
        assertEquals(joined, MatroskaReader.open(file).tracks().size());
        assertEquals(Map.of(1, List.of(Bytes.ofU8(1, 2, 3))), read(file));
    }

    @Test
    void manyTracksFitTheReserveOfARecording() throws IOException {
        MemoryFile file = new MemoryFile();
        MultiMuxer muxer = MatroskaFormat.multiMuxer(file, new MuxerOptions(OPTIONS.startedAt(), 2 << 20, "large"));
        for (int i = 0; i < MultiMatroskaMuxer.MAX_TRACKS - 1; i++) {
            Track track = new Track(i + 1, new Codec.Vp8(320, 180));
            assertTrue(muxer.join(new MemberTrack(track, identity(i), 0)), "track " + i);
            if (i % 100 == 0) {
                muxer.write(new Frame(track, i * SECOND, i * SECOND, true, Bytes.ofU8(i & 0xFF)));
                muxer.flush();
            }
        }
        Track more = new Track(5000, new Codec.Vp8(320, 180));
        assertFalse(muxer.join(new MemberTrack(more, identity(5000), 0)));
        muxer.close();
        MatroskaFormat.MKV.finish(file);
        assertEquals(11, read(file).size());
    }

    /// What was before somebody is shown is decoded only.
    @Test
    void whatIsNotToBeShownIsHidden() throws IOException {
        MemoryFile file = new MemoryFile();
        MultiMuxer muxer = MatroskaFormat.multiMuxer(file, OPTIONS);
        Track track = new Track(1, new Codec.Vp8(320, 180));
        muxer.join(new MemberTrack(track, identity(1), 2 * SECOND));
        for (int i = 0; i < 10; i++) {
            muxer.write(new Frame(track, i * SECOND / 2, i * SECOND / 2, i == 0, Bytes.ofU8(i)));
        }
        muxer.close();
        assertEquals(10, read(file).get(1).size());
        assertEquals(
                new Segment(2 * SECOND, 5 * SECOND, true),
                MatroskaTracks.of(file).getFirst().segments().getLast());
    }

    /// ffmpeg and mkvmerge, while it grows and when it is finished.
    @Test
    @Tag("peer")
    void othersReadIt() throws Exception {
        List<Frame> one = TestMedia.of("h264+aac", 4);
        List<Frame> two = TestMedia.of("vp8+opus", 2);
        MemoryFile file = new MemoryFile();
        MultiMuxer muxer = MatroskaFormat.multiMuxer(file, OPTIONS);
        for (Track track : TestMedia.tracks(one)) {
            muxer.join(new MemberTrack(track, identity(1), 0));
        }
        write(muxer, one, 0, 2 * SECOND, 0);
        muxer.note(SECOND, Bytes.ofUtf8("{\"event\":\"join\"}"));
        muxer.flush();
        for (Track track : TestMedia.tracks(two)) {
            muxer.join(new MemberTrack(new Track(track.id() + 2, track.codec()), identity(2), 2 * SECOND));
        }
        write(muxer, one, 2 * SECOND, 10 * SECOND, 0);
        write(muxer, two, 0, 10 * SECOND, 2);
        muxer.close();
        Path growing = Files.write(dir.resolve("growing.mkv"), file.content().toByteArray());
        MatroskaFormat.MKV.finish(file);
        Path finished = Files.write(dir.resolve("finished.mkv"), file.content().toByteArray());
        for (Path path : List.of(growing, finished)) {
            assertEquals("", Ffmpeg.decodeErrors(path), path.toString());
            Ffmpeg.Result probed = Ffmpeg.ffprobe(
                    "-v",
                    "error",
                    "-count_packets",
                    "-show_entries",
                    "stream=codec_name,nb_read_packets:stream_tags=title,MEDIA_SESSION_ID",
                    "-of",
                    "csv=p=0",
                    path.toString());
            assertEquals("", Ffmpeg.complaints(probed.err()));
            String said = probed.text();
            assertTrue(said.contains("h264,120,user 1,session-1"), said);
            assertTrue(said.contains("opus,") && said.contains("user 2,session-2"), said);
            Ffmpeg.Result merge = Ffmpeg.run(List.of("mkvmerge", "-J", path.toString()));
            assertEquals(0, merge.exitCode(), merge.text());
            assertEquals(2, merge.text().split("\"track_name\": \"user 2\"", -1).length - 1, merge.text());
        }
    }

    private static void write(MultiMuxer muxer, List<Frame> frames, long from, long until, int more)
            throws IOException {
        for (Frame frame : frames) {
            if (frame.dtsNanos() >= from && frame.dtsNanos() < until) {
                Track track = new Track(frame.track().id() + more, frame.track().codec());
                long later = more * SECOND;
                muxer.write(new Frame(
                        track, frame.dtsNanos() + later, frame.ptsNanos() + later, frame.keyframe(), frame.data()));
            }
        }
    }
}
