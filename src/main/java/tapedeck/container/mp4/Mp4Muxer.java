package tapedeck.container.mp4;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.container.SizeChange;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Writes state R of [Layout]: each flush is one fragment, `moof` `mdat` and a checksum, and leaves in one append.
///
/// After an [IOException] it writes nothing more: the file ends with the last whole fragment, and [Mp4Finisher]
/// cuts off what may be behind it. A frame that would be presented before time 0 (which only happens to a track
/// that is missing in the first flush and comes with older stamps) is left out: MP4 has no negative time.
final class Mp4Muxer implements Muxer {
    /// What a fragment holds at most before it leaves without being asked: bounds memory and the 32-bit fields.
    static final int MAX_FRAGMENT_BYTES = 256 << 20;

    static final int MAX_FRAGMENT_FRAMES = 1 << 16;
    static final int MAX_TRACKS = 1024;

    private final Output output;
    private final InitMovie movie;
    private final int reserveBytes;
    private final SizeChange sizeChange;
    private final List<TrackFragment> tracks = new ArrayList<>();
    /// What each of them is now, which is what it was at the start but for its pictures' size.
    private final List<Track> current;

    private final CRC32C crc = new CRC32C();

    private boolean headWritten;
    private boolean movieChanged;
    private boolean failed;
    private long zeroNanos;
    private long durationTicks;
    private long durationPosition;
    private int sequenceNumber;
    private long fragmentBytes;
    private int fragmentFrames;
    private long leftOutFrames;

    Mp4Muxer(Output output, List<Track> tracks, MuxerOptions options) {
        if (tracks.isEmpty() || tracks.size() > MAX_TRACKS) {
            throw new IllegalArgumentException("MP4 with %d tracks".formatted(tracks.size()));
        }
        Set<Integer> ids = new HashSet<>();
        for (Track track : tracks) {
            if (track.id() < 1 || !ids.add(track.id()) || !SampleEntryWriter.canWrite(track.codec())) {
                throw new IllegalArgumentException("MP4 cannot have " + track);
            }
            this.tracks.add(new TrackFragment(track, true));
        }
        this.output = output;
        current = new ArrayList<>(tracks);
        sizeChange = options.sizeChange();
        movie = new InitMovie(List.copyOf(tracks), options);
        reserveBytes = Layout.reserve(options.reserveBytes());
    }

    @Override
    public boolean carries(Track track) {
        return find(track) >= 0;
    }

    @SuppressWarnings("ReferenceEquality") // the same instance comes with nearly every frame; its parts are long
    private int find(Track track) {
        for (int i = 0; i < current.size(); i++) {
            if (current.get(i) == track || sizeChange.goesOn(current.get(i), track)) {
                return i;
            }
        }
        return -1;
    }

    @Override
    public void write(Frame given) throws IOException {
        int index = find(given.track());
        if (index < 0) {
            throw new IllegalArgumentException("not a track of this file: " + given.track());
        }
        Frame frame = sizeChange.stored(given);
        int size = frame.data().length();
        if (fragmentFrames > 0
                && (fragmentBytes + size > MAX_FRAGMENT_BYTES || fragmentFrames == MAX_FRAGMENT_FRAMES)) {
            flush();
        }
        goOn(index, frame.track());
        tracks.get(index).add(frame);
        fragmentBytes += size;
        fragmentFrames++;
    }

    @SuppressWarnings("ReferenceEquality") // as in find
    private void goOn(int index, Track track) {
        Track before = current.get(index);
        if (before != track) {
            movieChanged |= !before.equals(track) && movie.goesOn(track);
            current.set(index, track);
        }
    }

    @Override
    public void flush() throws IOException {
        if (failed) {
            throw new IOException("an append failed before: what is behind it would be lost");
        }
        if (!headWritten && fragmentFrames > 0) {
            zeroNanos = earliestNanos();
        }
        for (TrackFragment track : tracks) {
            leftOutFrames += track.leaveOutBefore(zeroNanos);
        }
        List<TrackFragment> written =
                tracks.stream().filter(track -> !track.frames().isEmpty()).toList();
        fragmentBytes = 0;
        fragmentFrames = 0;
        if (written.isEmpty()) {
            return;
        }
        List<Bytes> parts = new ArrayList<>();
        fragment(written, parts);
        long duration = durationTicks;
        for (TrackFragment track : written) {
            duration = Math.max(duration, track.endMovieTicks());
        }
        boolean longer = duration > durationTicks;
        durationTicks = duration;
        written.forEach(TrackFragment::clear);
        failed = true;
        if (headWritten) {
            output.append(parts);
            if (movieChanged) {
                // As long as the one before, and true with any of its numbers: a crash in the middle does no harm.
                output.patch(reserveBytes, movie.write(durationTicks));
            } else if (longer) {
                output.patch(
                        durationPosition, new ByteWriter(8).u64(durationTicks).toBytes());
            }
        } else {
            appendHead(parts);
        }
        movieChanged = false;
        failed = false;
    }

    private long earliestNanos() {
        long earliest = Long.MAX_VALUE;
        for (TrackFragment track : tracks) {
            for (Frame frame : track.frames()) {
                earliest = Math.min(earliest, frame.ptsNanos());
            }
        }
        return earliest;
    }

    /// Two appends, because between them is the hole.
    private void appendHead(List<Bytes> fragment) throws IOException {
        headWritten = true;
        output.append(List.of(Layout.head(reserveBytes)));
        output.skip(reserveBytes - Layout.BODY_AT - Layout.RESERVE_TAIL_BYTES);
        Bytes moov = movie.write(durationTicks);
        durationPosition = (long) reserveBytes + movie.durationAt();
        List<Bytes> parts = new ArrayList<>();
        parts.add(Layout.reserveTail(new BoxWriter(Layout.RESERVE_TAIL_BYTES)).toBytes());
        parts.add(moov);
        parts.addAll(fragment);
        output.append(parts);
    }

    /// `moof` (8.8.4), the header of `mdat`, the frames' own bytes, and the checksum.
    private void fragment(List<TrackFragment> written, List<Bytes> parts) {
        BoxWriter out = new BoxWriter(4096);
        int[] dataOffsetAt = new int[written.size()];
        sequenceNumber++;
        out.box("moof", moof -> {
            moof.fullBox("mfhd", 0, 0, b -> b.u32(sequenceNumber));
            for (int i = 0; i < dataOffsetAt.length; i++) {
                dataOffsetAt[i] = written.get(i).write(moof, zeroNanos);
            }
        });
        long dataOffset = (long) out.length() + BoxWriter.HEADER_BYTES;
        for (int i = 0; i < dataOffsetAt.length; i++) {
            out.patch32(dataOffsetAt[i], dataOffset);
            dataOffset += written.get(i).sizeBytes();
        }
        out.u32(dataOffset - out.length()).ascii("mdat");
        parts.add(out.toBytes());
        written.forEach(track -> track.appendTo(parts));
        crc.reset();
        for (Bytes part : parts) {
            part.update(crc);
        }
        parts.add(Layout.crcBox((int) crc.getValue()));
    }

    @Override
    public long leftOutFrames() {
        return leftOutFrames;
    }

    @Override
    public void close() throws IOException {
        if (!failed) {
            flush();
        }
    }
}
